import type { Config } from '../connect/config.ts';
import type { Converter, ConverterContext, RowEncoder as Encoder } from '../connect/converter.ts';
import type { ConverterPlugin } from '../connect/plugin.ts';
import type { Node } from '../record/shape.ts';
import { RowEncoder } from '../text/row-encoder.ts';
import { compileRow } from '../text/row-program.ts';
import { jsonSchemaText } from './json-schema.ts';
import type { JsonFormatOptions } from './json-schema.ts';
import { jsonValueWriter } from './json-value-writer.ts';

export interface JsonConverterOptions extends JsonFormatOptions {
  /** `{"schema":…,"payload":…}`; otherwise the payload alone. */
  readonly schemasEnable: boolean;
}

/** JSON as Connect's JsonConverter writes it. The schema in front is constant bytes of the program. */
export class JsonConverter implements Converter {
  readonly #options: JsonConverterOptions;

  constructor(options: JsonConverterOptions) {
    this.#options = options;
  }

  get describesItself(): boolean {
    return this.#options.schemasEnable;
  }

  compile(node: Node, context: ConverterContext): Promise<Encoder> {
    return Promise.resolve().then(() => this.compileNow(node, context));
  }

  compileNow(node: Node, context: ConverterContext): Encoder {
    const { schemasEnable } = this.#options;
    const writer = jsonValueWriter(this.#options);
    const program = compileRow(node, context.schema, writer, {
      prefix: Buffer.from(schemasEnable ? `{"schema":${jsonSchemaText(node.schema, this.#options)},"payload":` : '', 'utf8'),
      suffix: Buffer.from(schemasEnable ? '}' : '', 'utf8'),
    });
    return new RowEncoder(program, writer);
  }
}

export const jsonConverterPlugin: ConverterPlugin = {
  className: 'org.apache.kafka.connect.json.JsonConverter',
  aliases: ['millrace.JsonConverter', 'JsonConverter'],
  configKeys: [
    {
      name: 'schemas.enable',
      type: 'BOOLEAN',
      default: 'true',
      importance: 'HIGH',
      group: 'JSON',
      doc: 'Put the schema in front of every payload: {"schema":…,"payload":…}. false writes the payload alone.',
    },
    {
      name: 'decimal.format',
      type: 'STRING',
      default: 'BASE64',
      oneOf: ['BASE64', 'NUMERIC'],
      importance: 'LOW',
      group: 'JSON',
      doc: 'How Connect decimals are written: BASE64 of their unscaled bytes, or NUMERIC, a JSON number.',
    },
    {
      name: 'schemas.cache.size',
      type: 'INT',
      default: '1000',
      importance: 'LOW',
      group: 'JSON',
      doc: 'Cached schemas.',
      ignored: 'Schemas are turned into bytes once per shape; there is no cache to size.',
    },
    {
      name: 'replace.null.with.default',
      type: 'BOOLEAN',
      default: 'true',
      importance: 'LOW',
      group: 'JSON',
      doc: 'Write the default in place of null in fields of the source block. A null of a row stays null: what was written is what the table says.',
    },
  ],
  create(config: Config): Converter {
    return new JsonConverter({
      schemasEnable: config.boolean('schemas.enable'),
      decimalNumeric: config.choice('decimal.format') === 'numeric',
      keepNull: config.has('replace.null.with.default') && !config.boolean('replace.null.with.default'),
    });
  },
};
