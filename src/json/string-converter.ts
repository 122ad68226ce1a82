import type { ByteSink } from '../base/byte-sink.ts';
import type { Converter, ConverterContext, RowEncoder as Encoder } from '../connect/converter.ts';
import type { ConverterPlugin } from '../connect/plugin.ts';
import type { Change, TupleRef } from '../record/change.ts';
import type { RowSchema } from '../record/row-schema.ts';
import type { Node, StructNode } from '../record/shape.ts';
import { RowEncoder } from '../text/row-encoder.ts';
import { compileRow } from '../text/row-program.ts';
import { JsonConverter } from './json-converter.ts';
import { nullMark, plainValueWriter } from './plain-value-writer.ts';

const nothing = new Uint8Array(0);

/** Plain text: a single value as it is, a struct as `Struct{a=1,b=x}` without its null fields. */
export class StringConverter implements Converter {
  compile(node: Node, context: ConverterContext): Promise<Encoder> {
    return Promise.resolve().then(() => {
      const encoder = plainEncoder(node, context.schema);
      // A header may be null beside the record's value, so that the mark is kept.
      return context.part === 'header' ? encoder : new PlainEncoder(encoder);
    });
  }
}

/** Header values in Connect's text form: single values as plain text, structs and arrays as JSON. */
export class SimpleHeaderConverter implements Converter {
  readonly #plain = new StringConverter();
  readonly #json = new JsonConverter({ schemasEnable: false, decimalNumeric: true });

  compile(node: Node, context: ConverterContext): Promise<Encoder> {
    const { type } = node.schema;
    return type === 'struct' || type === 'array' || type === 'map' ? this.#json.compile(node, context) : this.#plain.compile(node, context);
  }
}

function plainEncoder(node: Node, schema: RowSchema): Encoder {
  if (node.kind === 'struct') return new StructEncoder(node, schema);
  return new RowEncoder(compileRow(node, schema, plainValueWriter, { prefix: nothing, suffix: nothing }), plainValueWriter);
}

/** A null at the top is no text. */
class PlainEncoder implements Encoder {
  readonly #inner: Encoder;

  constructor(inner: Encoder) {
    this.#inner = inner;
  }

  encode(change: Change, out: ByteSink): void {
    const start = out.at;
    this.#inner.encode(change, out);
    if (out.at > start && out.bytes[start] === nullMark) out.at = start;
  }
}

/** Fields that are null leave no trace, so which comma goes where is known only per row. */
class StructEncoder implements Encoder {
  readonly #presence: TupleRef | null;
  readonly #fields: readonly { readonly name: Uint8Array; readonly encoder: Encoder }[];

  constructor(node: StructNode, schema: RowSchema) {
    this.#presence = node.presence;
    this.#fields = node.fields.map(({ name, node: value }) => ({
      name: Buffer.from(`${name}=`, 'utf8'),
      encoder: plainEncoder(value, schema),
    }));
  }

  encode(change: Change, out: ByteSink): void {
    if (this.#presence !== null && change.tuple(this.#presence).count === 0) {
      out.byte(nullMark);
      return;
    }
    out.ascii('Struct{');
    let written = 0;
    for (const { name, encoder } of this.#fields) {
      const start = out.at;
      if (written > 0) out.byte(0x2c);
      out.copy(name, 0, name.length);
      const value = out.at;
      encoder.encode(change, out);
      if (out.at > value && out.bytes[value] === nullMark) out.at = start;
      else written += 1;
    }
    out.byte(0x7d);
  }
}

export const stringConverterPlugin: ConverterPlugin = {
  className: 'org.apache.kafka.connect.storage.StringConverter',
  aliases: ['millrace.StringConverter', 'StringConverter'],
  configKeys: [
    {
      name: 'converter.encoding',
      type: 'STRING',
      default: 'UTF-8',
      oneOf: ['UTF-8', 'UTF8'],
      importance: 'LOW',
      group: 'Text',
      doc: 'The character encoding of the text: UTF-8.',
    },
  ],
  create: () => new StringConverter(),
};

export const simpleHeaderConverterPlugin: ConverterPlugin = {
  className: 'org.apache.kafka.connect.storage.SimpleHeaderConverter',
  aliases: ['millrace.SimpleHeaderConverter', 'SimpleHeaderConverter'],
  configKeys: [],
  create: () => new SimpleHeaderConverter(),
};
