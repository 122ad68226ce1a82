import type { FetchedRecord } from '../../src/kafka/record-batch-reader.ts';
import type { TopicSet } from '../kafka/topic-set.ts';
import type { RecordForm } from '../table/cell-kind.ts';
import type { TableModel } from '../table/table-model.ts';
import { CellHash } from './cell-hash.ts';
import type { RecordCheck } from './record-check.ts';
import type { RunCheck } from './run-check.ts';
import type { DecodedRecord } from './record-decoder.ts';
import { RecordDecoder } from './record-decoder.ts';

/** Inserts, updates with the old row, deletes with a tombstone behind each, and the rows of a snapshot. */
export type Op = 'c' | 'u' | 'd' | 'r';

export type TakenRecord = Pick<FetchedRecord, 'partition' | 'offset' | 'key' | 'value'>;

export interface TopicCheckOptions {
  readonly form: RecordForm;
  readonly registry: string;
  readonly model: TableModel;
  readonly check: RecordCheck;
  readonly op: Op;
}

/** Reads topics from where it stands, decodes every record, and holds it against the table. */
export class TopicCheck implements RunCheck {
  readonly #options: TopicCheckOptions;
  readonly #decoder: RecordDecoder;
  readonly #hash = new CellHash();
  readonly #columns: readonly { readonly name: string; readonly from: (value: unknown) => number | string | boolean | null }[];
  bytes = 0;

  constructor(options: TopicCheckOptions) {
    this.#options = options;
    this.#decoder = new RecordDecoder(options.form, options.registry);
    this.#columns = options.model.columns.map(({ name, kind }) => ({ name, from: kind.from[options.form] }));
  }

  get rows(): number {
    return this.#options.check.rows;
  }

  get records(): number {
    return this.#options.check.records;
  }

  problems(): readonly string[] {
    return this.#options.check.problems();
  }

  async read(topics: TopicSet, positions: Float64Array, ends: Float64Array, lasts: Float64Array): Promise<void> {
    await topics.read(positions, ends, async (topic, lot) => {
      await this.take(topic, lot);
      const last = lot.at(-1);
      if (last !== undefined) lasts[topics.topics.indexOf(topic) * topics.partitions + last.partition] = Number(last.offset);
    });
  }

  /** The ids of the rows, in the order of the records; NaN for what does not decode. */
  async take(topic: string, lot: readonly TakenRecord[]): Promise<number[]> {
    await this.#decoder.prepare(partsOf(lot));
    return lot.map((record) => this.#take(topic, record));
  }

  #take(topic: string, record: TakenRecord): number {
    const { check, op } = this.#options;
    const where = `${topic}-${record.partition}@${record.offset}`;
    this.bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0);
    try {
      if (record.value === null) {
        check.takeTombstone(Number((this.#decoder.decodePart(record.key) as DecodedRecord['key']).id), where);
        return Number.NaN;
      }
      const { key, value } = this.#decoder.decode(record.key, record.value);
      const [row, old] = op === 'd' ? [value.before, value.after] : [value.after, value.before];
      // Only an update has both; a missing `before` is that of a plain insert.
      if (value.op !== op || row == null || (old != null) !== (op === 'u')) {
        check.problem(`${where}: operation ${value.op} where ${op} was due, or other images than it has`);
        return Number.NaN;
      }
      const id = Number(row['id']);
      check.take(Number(key.id), id, this.#hashOf(row), where);
      if (old != null) check.takeOld(id, Number(old['id']), this.#hashOf(old), where);
      return id;
    } catch (error) {
      check.problem(`${where}: does not decode: ${String(error)}`);
      return Number.NaN;
    }
  }

  #hashOf(row: Readonly<Record<string, unknown>>): CellHash {
    this.#hash.begin();
    for (const { name, from } of this.#columns) this.#hash.add(from(row[name]));
    return this.#hash;
  }
}

function* partsOf(lot: readonly TakenRecord[]): Generator<Buffer | null> {
  for (const { key, value } of lot) {
    yield key;
    yield value;
  }
}
