import {
  formatOffsetKey,
  offsetIdentity,
  parseOffset,
  parseOffsetKey,
  stringifyOffset,
  type OffsetMap,
  type SourceOffset,
} from '../record/offset.ts';
import type { LogRecord, RecordLog } from './record-log.ts';

/** The source offsets of all connectors, by connector and partition. */
export interface OffsetStore {
  /** What is stored now, whoever wrote it; one entry per partition, none of them a tombstone. */
  read(connector: string): Promise<readonly SourceOffset[]>;
  /** Resolves when the offsets are durable; a null offset forgets its partition. */
  write(connector: string, offsets: readonly SourceOffset[]): Promise<void>;
  close(): Promise<void>;
}

interface Entry {
  /** The key as it was found. Whoever wrote it may order members differently; the bytes are kept or compaction keeps both. */
  readonly key: string;
  readonly partition: OffsetMap;
  readonly offset: OffsetMap | null;
}

/** The offsets topic, in Kafka Connect's format: key `["name",{partition}]`, value `{offset}`. Sees committed records only. */
export class KafkaOffsetStore implements OffsetStore {
  readonly #log: RecordLog;
  /** By connector, then by the partition's identity. */
  readonly #entries = new Map<string, Map<string, Entry>>();

  constructor(log: RecordLog) {
    this.#log = log;
  }

  async read(connector: string): Promise<readonly SourceOffset[]> {
    await this.#log.readToEnd((record) => {
      this.#apply(record);
    });
    return [...(this.#entries.get(connector)?.values() ?? [])]
      .filter((entry) => entry.offset !== null)
      .map(({ partition, offset }) => ({ partition, offset }));
  }

  async write(connector: string, offsets: readonly SourceOffset[]): Promise<void> {
    await this.read(connector);
    const known = this.#entries.get(connector);
    const records = offsets.map(({ partition, offset }): LogRecord => {
      const key = known?.get(offsetIdentity(partition))?.key ?? formatOffsetKey(connector, partition);
      return { key, value: offset === null ? null : stringifyOffset(offset) };
    });
    await this.#log.append(records);
  }

  close(): Promise<void> {
    return this.#log.close();
  }

  #apply({ key, value }: LogRecord): void {
    const parsed = parseOffsetKey(key);
    if (parsed === null) return;
    let offset: OffsetMap | null = null;
    try {
      offset = value === null ? null : parseOffset(value);
    } catch {
      return;
    }
    const { connector, partition } = parsed;
    const entries = this.#entries.get(connector) ?? new Map<string, Entry>();
    this.#entries.set(connector, entries.set(offsetIdentity(partition), { key, partition, offset }));
  }
}
