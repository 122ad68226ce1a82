import type { FetchedRecord } from '../../src/kafka/record-batch-reader.ts';
import type { TopicSet } from '../kafka/topic-set.ts';
import { RecordDecoder } from './record-decoder.ts';
import type { RunCheck } from './run-check.ts';

const problemsMax = 10;

/** Records of one partition, which have to come in one order: each is held against what is due at its place. */
export class SequenceCheck implements RunCheck {
  readonly rows: number;
  bytes = 0;
  records = 0;
  readonly #decoder: RecordDecoder | null;
  readonly #wrong: (index: number, key: unknown, value: unknown) => string | null;
  readonly #problems: string[] = [];

  /**
   * `registry` null: keys and values are not decoded, and stay bytes. `wrong`: what is wrong with the record at this place, counted
   * from 0; null for nothing.
   */
  constructor(rows: number, registry: string | null, wrong: (index: number, key: unknown, value: unknown) => string | null) {
    this.rows = rows;
    this.#decoder = registry === null ? null : new RecordDecoder('plain-avro', registry);
    this.#wrong = wrong;
  }

  async read(topics: TopicSet, positions: Float64Array, ends: Float64Array, lasts: Float64Array): Promise<void> {
    await topics.read(positions, ends, async (_topic, lot) => {
      await this.#decoder?.prepare(lot.flatMap(({ key, value }) => [key, value]));
      for (const record of lot) this.take(record);
      const last = lot.at(-1);
      if (last !== undefined) lasts[last.partition] = Number(last.offset);
    });
  }

  take(record: Pick<FetchedRecord, 'key' | 'value' | 'offset'>): void {
    this.bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0);
    let wrong: string | null;
    try {
      const [key, value] = [this.#decode(record.key), this.#decode(record.value)];
      wrong = this.records < this.rows ? this.#wrong(this.records, key, value) : 'one too many';
    } catch (error) {
      wrong = `does not decode: ${String(error)}`;
    }
    if (wrong !== null && this.#problems.length < problemsMax) this.#problems.push(`offset ${record.offset}: ${wrong}`);
    this.records += 1;
  }

  problems(): readonly string[] {
    return this.records === this.rows ? this.#problems : [...this.#problems, `${this.records} records came, ${this.rows} were due`];
  }

  #decode(part: Buffer | null): unknown {
    return part === null || this.#decoder === null ? part : this.#decoder.decodePart(part);
  }
}
