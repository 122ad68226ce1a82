import avro from 'avsc';
import type { Schema, Type } from 'avsc';
import type { RecordForm } from '../table/cell-kind.ts';

type Row = Readonly<Record<string, unknown>>;

/** A record as the check wants it, whatever the format: Debezium's envelope without what only it has. */
export interface DecodedRecord {
  readonly key: { readonly id: unknown };
  readonly value: { readonly op: string; readonly before?: Row | null; readonly after: Row | null };
}

/**
 * Longs as doubles: those that are compared lie within 2^53, and the others (`ts_ns`, LSNs) may be rounded. avsc would refuse them.
 */
const doubleLong = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readInt32LE(4) * 0x1_0000_0000 + bytes.readUInt32LE(0),
  toBuffer: (): Buffer => {
    throw new Error('only reads');
  },
  fromJSON: Number,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'number',
  compare: (left: number, right: number) => left - right,
});

/** Reads records with avsc and the registry's schemas, or as JSON: nothing of Millrace's own formats. */
export class RecordDecoder {
  readonly #form: RecordForm;
  readonly #registry: string;
  readonly #types = new Map<number, Type>();

  constructor(form: RecordForm, registry: string) {
    this.#form = form;
    this.#registry = registry;
  }

  /** Fetches the schemas of these bytes that are not known yet: before `decode`. */
  async prepare(parts: Iterable<Buffer | null>): Promise<void> {
    if (this.#form === 'debezium-json') return;
    for (const part of parts) {
      if (part === null) continue;
      const id = schemaId(part);
      if (!this.#types.has(id)) this.#types.set(id, await this.#fetchType(id));
    }
  }

  decode(key: Buffer | null, value: Buffer | null): DecodedRecord {
    return { key: this.decodePart(key) as DecodedRecord['key'], value: this.decodePart(value) as DecodedRecord['value'] };
  }

  decodePart(part: Buffer | null): unknown {
    if (part === null) throw new Error('a record without key or value');
    if (this.#form === 'debezium-json') return JSON.parse(part.toString('utf8'));
    const type = this.#types.get(schemaId(part));
    if (type === undefined) throw new Error('the schema was not fetched');
    return type.fromBuffer(part.subarray(5));
  }

  async #fetchType(id: number): Promise<Type> {
    const answer = await fetch(`${this.#registry}/schemas/ids/${id}`, { signal: AbortSignal.timeout(10_000) });
    if (!answer.ok) throw new Error(`the registry does not know schema ${id}: ${answer.status}`);
    const { schema } = (await answer.json()) as { schema: string };
    // Without defaults: reading needs none, and JSON.parse would round long ones.
    const parsed = JSON.parse(schema, (name, member: unknown) => (name === 'default' ? undefined : member)) as Schema;
    return avro.Type.forSchema(parsed, { wrapUnions: false, typeHook: (found) => (isLong(found) ? doubleLong : undefined) });
  }
}

function schemaId(part: Buffer): number {
  if (part[0] !== 0) throw new Error('a record that does not begin with a zero and a schema id');
  return part.readInt32BE(1);
}

function isLong(schema: unknown): boolean {
  return schema === 'long' || (typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'long');
}
