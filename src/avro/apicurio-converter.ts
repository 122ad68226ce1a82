import { systemClock } from '../base/clock.ts';
import type { Config } from '../connect/config.ts';
import type { Converter, ConverterContext, RowEncoder as Encoder } from '../connect/converter.ts';
import { failure, good } from '../connect/finding.ts';
import type { ConverterPlugin } from '../connect/plugin.ts';
import type { Node } from '../record/shape.ts';
import { compileRow } from '../text/row-program.ts';
import { apicurioConfigKeys, apicurioOptions } from './apicurio-options.ts';
import type { ApicurioOptions } from './apicurio-options.ts';
import { ApicurioRegistry } from './apicurio-registry.ts';
import type { Artifact } from './apicurio-registry.ts';
import { AvroRowEncoder } from './avro-row-encoder.ts';
import { avroRecordName, avroSchemaText } from './avro-schema.ts';
import type { AvroSchemaOptions } from './avro-schema.ts';
import { avroValueWriter } from './avro-value-writer.ts';
import { subjectNameStrategy } from './subject-name.ts';

export interface ApicurioConverterOptions extends Pick<ApicurioOptions, 'artifact' | 'group' | 'idKind' | 'idPlace'> {
  readonly schema: AvroSchemaOptions;
}

/** What the converter needs of a registry; tests bring their own. */
export interface ArtifactIds {
  idOf(artifact: Artifact, schemaText: string): Promise<bigint>;
}

const noBytes = new Uint8Array(0);
const encoding = Buffer.from('BINARY');

/** Avro as Apicurio's converter writes it: the schema's id in headers, or in front of the record in 8 or 4 bytes. */
export class ApicurioConverter implements Converter {
  readonly #options: ApicurioConverterOptions;
  readonly #ids: ArtifactIds;

  constructor(ids: ArtifactIds, options: ApicurioConverterOptions) {
    this.#ids = ids;
    this.#options = options;
  }

  async compile(root: Node, context: ConverterContext): Promise<Encoder> {
    const node = withoutUnion(root);
    const { schema, idKind, idPlace } = this.#options;
    const text = avroSchemaText(node.schema, schema);
    // Compiled once before anything is registered, so that a shape that cannot be written leaves no schema behind.
    compileRow(node, context.schema, avroValueWriter, { prefix: noBytes, suffix: noBytes });
    const id = await this.#ids.idOf(this.#artifact(node, context), text);
    const prefix = idPlace === 'headers' ? noBytes : wireHeader(id, idPlace);
    const encoder = new AvroRowEncoder(compileRow(node, context.schema, avroValueWriter, { prefix, suffix: noBytes }), prefix);
    if (idPlace !== 'headers') return encoder;
    const headers = [
      [`apicurio.${context.part}.${idKind}`, longBytes(id)],
      [`apicurio.${context.part}.encoding`, encoding],
    ] as const;
    return { headers, encode: (change, out) => encoder.encode(change, out) };
  }

  #artifact(node: Node, { topic, part }: ConverterContext): Artifact {
    const { artifact, group } = this.#options;
    if (artifact === 'topic') return { group, id: topic };
    if (artifact === 'topic-part') return { group, id: `${topic}-${part}` };
    const full = subjectNameStrategy('RecordNameStrategy')(topic, part === 'key', avroRecordName(node.schema, this.#options.schema));
    const dot = full.lastIndexOf('.');
    const name = full.slice(dot + 1);
    if (artifact === 'full-record') return { group, id: full };
    return { group: group ?? (dot < 0 ? null : full.slice(0, dot)), id: artifact === 'record' ? name : `${topic}-${name}` };
  }
}

/** Theirs is the schema of the record that is written, which is a record even where the Connect schema is optional. */
function withoutUnion(root: Node): Node {
  if (root.kind !== 'struct' || root.presence !== null || root.presenceRegister !== undefined) return root;
  return { ...root, schema: { ...root.schema, optional: false } };
}

function wireHeader(id: bigint, bytes: 4 | 8): Uint8Array {
  return Buffer.concat([Buffer.alloc(1), longBytes(id).subarray(8 - bytes)]);
}

function longBytes(id: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(id);
  return bytes;
}

export const apicurioConverterPlugin: ConverterPlugin = {
  className: 'io.apicurio.registry.utils.converter.AvroConverter',
  aliases: ['millrace.ApicurioConverter'],
  configKeys: apicurioConfigKeys,
  create(config: Config, { log }): Converter {
    const options = apicurioOptions(config);
    return new ApicurioConverter(new ApicurioRegistry(options, systemClock, log), {
      ...options,
      schema: { connectMetaData: config.boolean('connect.meta.data'), anyNamespace: true },
    });
  },
  async examine(config, { isKey, log }, handle): Promise<void> {
    const subject = `registry of ${isKey ? 'keys' : 'values'}`;
    try {
      const registry = new ApicurioRegistry({ ...apicurioOptions(config), retriesMax: 0 }, systemClock, log);
      await handle(good(subject, `Apicurio Registry answers; it has ${await registry.artifactCount()} artifacts.`));
    } catch (error) {
      await handle(failure(subject, error, 'No record can be written.', 'Check apicurio.registry.url.'));
    }
  },
};
