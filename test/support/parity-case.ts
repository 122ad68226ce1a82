import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '..', 'sources', 'postgres', 'golden');

/** A record as plain JSON: see `golden/README.md`. Schemas are texts, the prefix is `PFX`. */
export interface ParityRecord {
  readonly topic: string;
  readonly key: ParityPart | null;
  readonly value: ParityPart | null;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ParityPart {
  readonly schema: string;
  readonly value: unknown;
}

export interface ParityCase {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
  /** SQL statements that run one by one, each in a transaction of its own. */
  readonly setup: readonly string[];
  readonly changes: readonly string[];
  /** What Debezium wrote, by topic. */
  readonly records: ReadonlyMap<string, readonly ParityRecord[]>;
}

interface CaseFile {
  readonly name: string;
  readonly sql: string;
  readonly config: Readonly<Record<string, string>>;
}

interface StoredPart {
  readonly schema: number;
  readonly value: unknown;
}

interface RecordsFile {
  readonly schemas: readonly string[];
  readonly records: readonly {
    readonly topic: string;
    readonly key: StoredPart | null;
    readonly value: StoredPart | null;
    readonly headers: Readonly<Record<string, string>>;
  }[];
}

export function parityCases(): ParityCase[] {
  return (JSON.parse(read('cases.json')) as CaseFile[]).map(({ name, sql, config }) => ({
    name,
    config,
    setup: statements(read(`${sql}.setup.sql`)),
    changes: statements(read(`${sql}.changes.sql`)),
    records: records(JSON.parse(read(`${name}.json`)) as RecordsFile),
  }));
}

function read(file: string): string {
  return readFileSync(join(folder, file), 'utf8');
}

/** A statement ends where a line ends with a semicolon; what stands together on a line stays together. */
function statements(sql: string): string[] {
  return sql.split(/;\n/).filter((statement) => statement.trim() !== '');
}

function records({ schemas, records: stored }: RecordsFile): Map<string, ParityRecord[]> {
  const part = (found: StoredPart | null): ParityPart | null =>
    found === null ? null : { schema: schemas[found.schema] ?? '', value: found.value };
  const byTopic = new Map<string, ParityRecord[]>();
  for (const record of stored) {
    const list = byTopic.get(record.topic) ?? [];
    list.push({ ...record, key: part(record.key), value: part(record.value) });
    byTopic.set(record.topic, list);
  }
  return byTopic;
}
