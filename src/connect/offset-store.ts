import { parseOffset, sameOffset, stringifyOffset, type OffsetMap, type SourceOffset } from '../record/offset.ts';
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
  readonly #entries = new Map<string, Entry[]>();

  constructor(log: RecordLog) {
    this.#log = log;
  }

  async read(connector: string): Promise<readonly SourceOffset[]> {
    await this.#log.readToEnd((record) => {
      this.#apply(record);
    });
    return (this.#entries.get(connector) ?? [])
      .filter((entry) => entry.offset !== null)
      .map(({ partition, offset }) => ({ partition, offset }));
  }

  async write(connector: string, offsets: readonly SourceOffset[]): Promise<void> {
    await this.read(connector);
    const known = this.#entries.get(connector) ?? [];
    const records = offsets.map(({ partition, offset }): LogRecord => {
      const key = known.find((entry) => sameOffset(entry.partition, partition))?.key ?? offsetKey(connector, partition);
      return { key, value: offset === null ? null : stringifyOffset(offset) };
    });
    await this.#log.append(records);
  }

  close(): Promise<void> {
    return this.#log.close();
  }

  #apply({ key, value }: LogRecord): void {
    const parsed = parseKey(key);
    if (parsed === null) return;
    let offset: OffsetMap | null = null;
    try {
      offset = value === null ? null : parseOffset(value);
    } catch {
      return;
    }
    const others = (this.#entries.get(parsed.connector) ?? []).filter((entry) => !sameOffset(entry.partition, parsed.partition));
    this.#entries.set(parsed.connector, [...others, { key, partition: parsed.partition, offset }]);
  }
}

export function offsetKey(connector: string, partition: OffsetMap): string {
  return `[${JSON.stringify(connector)},${stringifyOffset(partition)}]`;
}

/** Null for keys of another form: the topic may hold what other programs wrote. */
export function parseKey(key: string): { connector: string; partition: OffsetMap } | null {
  const match = /^\s*\[\s*("(?:[^"\\]|\\.)*")\s*,([\s\S]*)\]\s*$/.exec(key);
  if (match === null) return null;
  const [, name = '', rest = ''] = match;
  try {
    return { connector: JSON.parse(name) as string, partition: parseOffset(rest) };
  } catch {
    return null;
  }
}
