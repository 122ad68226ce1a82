import { systemClock } from '../base/clock.ts';
import type { Config } from '../connect/config.ts';
import type { Converter, ConverterContext, RowEncoder as Encoder } from '../connect/converter.ts';
import { failure, good, type FindingHandler } from '../connect/finding.ts';
import type { ConfigKey, ConverterPlugin } from '../connect/plugin.ts';
import type { Node } from '../record/shape.ts';
import { compileRow } from '../text/row-program.ts';
import { AvroRowEncoder } from './avro-row-encoder.ts';
import { avroRecordName, avroSchemaText } from './avro-schema.ts';
import type { AvroSchemaOptions } from './avro-schema.ts';
import { avroValueWriter } from './avro-value-writer.ts';
import { registryConfigKeys, registryOptions } from './registry-options.ts';
import { SchemaRegistry } from './schema-registry.ts';
import { subjectNameStrategy } from './subject-name.ts';
import type { SubjectNameStrategy } from './subject-name.ts';
import { wireHeader } from './wire-format.ts';

export interface AvroConverterOptions {
  readonly schema: AvroSchemaOptions;
  readonly subjectName: SubjectNameStrategy;
}

/** What the converter needs of a registry; tests bring their own. */
export interface SchemaIds {
  idOf(subject: string, schemaText: string): Promise<number>;
}

const noBytes = new Uint8Array(0);

/** Avro in Confluent's wire format. */
export class AvroConverter implements Converter {
  readonly #options: AvroConverterOptions;
  readonly #ids: SchemaIds;

  constructor(ids: SchemaIds, options: AvroConverterOptions) {
    this.#ids = ids;
    this.#options = options;
  }

  async compile(node: Node, context: ConverterContext): Promise<Encoder> {
    const text = avroSchemaText(node.schema, this.#options.schema);
    // Compiled before anything is registered, so that a shape that cannot be written leaves no schema behind.
    const prefix = wireHeader(0);
    const program = compileRow(node, context.schema, avroValueWriter, { prefix, suffix: noBytes });
    const subject = this.#options.subjectName(context.topic, context.part === 'key', avroRecordName(node.schema, this.#options.schema));
    const id = await this.#ids.idOf(subject, text);
    prefix.set(wireHeader(id));
    program.constants.set(prefix);
    return new AvroRowEncoder(program, prefix);
  }
}

const avroConfigKeys: readonly ConfigKey[] = [
  ...registryConfigKeys,
  {
    name: 'connect.meta.data',
    type: 'BOOLEAN',
    default: 'true',
    importance: 'LOW',
    group: 'Avro',
    doc: 'Keep names, versions and parameters of the Connect schema as properties (connect.name, connect.version, …) in the Avro schema.',
  },
  {
    name: 'scrub.invalid.names',
    type: 'BOOLEAN',
    default: 'false',
    importance: 'MEDIUM',
    group: 'Avro',
    doc: 'Change names of schemas and fields that Avro does not allow: what is no letter, digit or _ becomes one.',
  },
  ...Object.entries({
    'enhanced.avro.schema.support': 'Enums and packages are written as Connect types, as by default.',
    'schemas.cache.config': 'Schemas are compiled once per shape; there is no cache to size.',
    'max.schemas.per.subject': 'Schemas are compiled once per shape; there is no cache to size.',
    'discard.type.doc.default': 'No source here has documentation of types.',
    'generalized.sum.type.support': 'No source here has unions or enums of Avro.',
    'allow.optional.map.keys': 'Keys of maps are never null here.',
    'flatten.singleton.unions': 'It is for readers.',
    'flatten.unions': 'It is for readers.',
    'ignore.default.for.nullables': 'A null of the source always stays null.',
  }).map(([name, ignored]): ConfigKey => ({
    name,
    type: 'STRING',
    default: null,
    importance: 'LOW',
    group: 'Avro',
    doc: 'Accepted for compatibility.',
    ignored,
  })),
];

export const avroConverterPlugin: ConverterPlugin = {
  className: 'io.confluent.connect.avro.AvroConverter',
  aliases: ['millrace.AvroConverter', 'AvroConverter'],
  configKeys: avroConfigKeys,
  create(config: Config, { isKey, log }): Converter {
    return new AvroConverter(new SchemaRegistry(registryOptions(config), systemClock, log), {
      schema: {
        connectMetaData: config.boolean('connect.meta.data'),
        scrubInvalidNames: config.boolean('scrub.invalid.names'),
      },
      subjectName: subjectNameStrategy(config.string(isKey ? 'key.subject.name.strategy' : 'value.subject.name.strategy')),
    });
  },
  async examine(config, { isKey, log }, handle): Promise<void> {
    const options = { ...registryOptions(config), retriesMax: 0 };
    await examineRegistry(new SchemaRegistry(options, systemClock, log), `registry of ${isKey ? 'keys' : 'values'}`, handle);
  },
};

async function examineRegistry(registry: SchemaRegistry, subject: string, handle: FindingHandler): Promise<void> {
  try {
    await handle(good(subject, `The schema registry answers; it has ${await registry.subjectCount()} subjects.`));
  } catch (error) {
    await handle(failure(subject, error, 'No record can be written.', 'Check schema.registry.url.'));
  }
}
