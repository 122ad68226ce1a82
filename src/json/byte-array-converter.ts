import type { ByteSink } from '../base/byte-sink.ts';
import { ConnectError } from '../base/errors.ts';
import type { Converter, ConverterContext, RowEncoder as Encoder } from '../connect/converter.ts';
import { withDefaults } from '../connect/plugin.ts';
import type { ConverterPlugin } from '../connect/plugin.ts';
import type { Node } from '../record/shape.ts';
import { readCellBytes } from '../text/cell-reader.ts';
import { RowEncoder } from '../text/row-encoder.ts';
import { compileRow } from '../text/row-program.ts';
import type { ValueWriter } from '../text/row-program.ts';
import { ByteRegister } from '../text/value-register.ts';
import { plainValueWriter } from './plain-value-writer.ts';

const nothing = new Uint8Array(0);
const scratch = new ByteRegister();

/** A null is no bytes. */
const bytesWriter: ValueWriter = {
  ...plainValueWriter,
  cell(out, format, bytes, start, end) {
    readCellBytes(format, bytes, start, end, scratch);
    out.copy(scratch.bytes, 0, scratch.length);
  },
  bytes(out, bytes, start, end) {
    out.copy(bytes, start, end);
  },
  literal(out: ByteSink, _schema, value) {
    if (value instanceof Uint8Array) out.copy(value, 0, value.length);
  },
  null() {},
};

/** Bytes as they are. What is none goes to the delegate, or is an error where there is none. */
export class ByteArrayConverter implements Converter {
  readonly #delegate: Converter | null;

  constructor(delegate: Converter | null) {
    this.#delegate = delegate;
  }

  async compile(node: Node, context: ConverterContext): Promise<Encoder | null> {
    if (node.schema.type === 'bytes' && node.kind !== 'struct') {
      return new RowEncoder(compileRow(node, context.schema, bytesWriter, { prefix: nothing, suffix: nothing }), bytesWriter);
    }
    if (this.#delegate !== null) return this.#delegate.compile(node, context);
    throw new ConnectError(
      'data.shape',
      `The ${context.part} of "${context.topic}" is of type ${node.schema.type}, and the converter takes bytes only.`,
      {
        remedy:
          'Choose another converter, or name one for the rest with "delegate.converter.type" of io.debezium.converters.BinaryDataConverter.',
        details: { topic: context.topic },
      },
    );
  }
}

export const byteArrayConverterPlugin: ConverterPlugin = {
  className: 'org.apache.kafka.connect.converters.ByteArrayConverter',
  aliases: ['millrace.ByteArrayConverter', 'ByteArrayConverter'],
  configKeys: [],
  create: () => new ByteArrayConverter(null),
};

const delegateKey = 'delegate.converter.type';

/** Debezium's converter for outboxes with binary payloads; `delegates` may take what is not binary, as heartbeats are. */
export function binaryDataConverterPlugin(delegates: readonly ConverterPlugin[]): ConverterPlugin {
  const named = (name: string): ConverterPlugin | undefined =>
    delegates.find((plugin) => plugin.className === name.trim() || plugin.aliases.includes(name.trim()));
  return {
    className: 'io.debezium.converters.BinaryDataConverter',
    aliases: ['io.debezium.converters.ByteArrayConverter', 'io.debezium.converters.ByteBufferConverter'],
    configKeys: [
      {
        name: delegateKey,
        type: 'CLASS',
        default: null,
        importance: 'MEDIUM',
        group: 'Bytes',
        doc: 'The converter for whatever is not bytes, with its options behind this name.',
        check: (value) => (value.trim() === '' || named(value) !== undefined ? null : `Class ${value} could not be found.`),
      },
      {
        name: `${delegateKey}.*`,
        type: 'STRING',
        default: null,
        importance: 'LOW',
        group: 'Bytes',
        doc: 'An option of that converter.',
        pattern: /^delegate\.converter\.type\../,
      },
    ],
    create(config, context) {
      const plugin = named(config.optional(delegateKey) ?? '');
      if (plugin === undefined) return new ByteArrayConverter(null);
      const options = withDefaults(config.withPrefix(`${delegateKey}.`), plugin.configKeys);
      return new ByteArrayConverter(plugin.create(options, context));
    },
  };
}
