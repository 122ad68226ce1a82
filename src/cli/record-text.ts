import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { logicalTypes, longsThatFit } from '../demo/avro-logical-types.ts';
import type { Surroundings } from './surroundings.ts';

export const valueFormats = ['auto', 'text', 'avro', 'long', 'base64'] as const;
export type ValueFormat = (typeof valueFormats)[number];

export interface RawRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/** Magic byte and schema id. */
const frameBytes = 5;

/** Records as lines of text. */
export class RecordText {
  readonly #registry: SchemaRegistry;
  readonly #format: ValueFormat;

  constructor(surroundings: Surroundings, format: ValueFormat) {
    this.#format = format;
    this.#registry = new SchemaRegistry(
      { host: surroundings.registry, retry: { retries: 2 } },
      { [SchemaType.AVRO]: { logicalTypes, typeHook: longsThatFit } },
    );
  }

  /** `partition 1  offset 7  key 42  {"fare":3.5}` */
  async line(record: RawRecord): Promise<string> {
    const key = record.key === null ? 'no key' : `key ${await this.#text(record.key, 'auto')}`;
    const value = record.value === null ? '(no value: a tombstone)' : await this.#text(record.value, this.#format);
    return `partition ${record.partition}  offset ${record.offset}  ${key}  ${value}`;
  }

  async #text(bytes: Buffer, format: ValueFormat): Promise<string> {
    if (format === 'avro' || (format === 'auto' && looksFramed(bytes))) {
      const value: unknown = await this.#registry.decode(bytes);
      return JSON.stringify(value, (_name, each: unknown) => (typeof each === 'bigint' ? String(each) : each));
    }
    if (format === 'long') return bytes.length === 8 ? String(bytes.readBigInt64BE()) : `(${bytes.length} bytes, not a long)`;
    if (format === 'base64') return bytes.toString('base64');
    return bytes.toString();
  }
}

/** What the registry's serializers write begins with a byte that no text begins with. */
function looksFramed(bytes: Buffer): boolean {
  return bytes.length >= frameBytes && bytes[0] === 0;
}
