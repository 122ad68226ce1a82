import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { oddRows, oddShape } from './odd-rows.ts';
import { stored } from './transform-run.ts';

type Outcome = null | 'fails' | readonly [topic: string, partition: number, ms: number, headers: unknown, key: unknown, value: unknown];

/**
 * What Kafka Connect 4.3.1 and Debezium 3.6.1 made of some of `oddRows`, by number, in a JVM, one line for each configuration.
 * A row is null where the record is dropped, `fails` where an exception ended it; the schemas are those of the first record.
 */
interface Golden {
  readonly config: Readonly<Record<string, string>>;
  readonly rows: Readonly<Record<string, Outcome>>;
  /** Absent: as in the line before. */
  readonly schemas?: unknown;
}

const lines = readFileSync(new URL('golden/odd-records.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n');

let known: unknown = null;
for (const line of lines) {
  const { config, rows, schemas = known } = exact(line) as Golden;
  known = schemas;
  const { transforms: _aliases, ...options } = config;
  it(`odd records through ${JSON.stringify(options)}`, async () => {
    const found: Record<string, Outcome> = {};
    let described: unknown = null;
    for (const [at, row] of oddRows.entries()) {
      if (!(at in rows)) continue;
      const records = await stored(config, oddShape, [row], true).catch(() => 'fails' as const);
      if (records === 'fails') {
        found[at] = 'fails';
        continue;
      }
      const [record] = records;
      const [key, value] = [record?.key, record?.value].map((text) => exact(text ?? 'null') as null | Described);
      found[at] = null;
      if (record === undefined) continue;
      found[at] = [record.topic, record.partition, record.timestampMs, record.headers, key?.payload ?? null, value?.payload ?? null];
      described ??= [key?.schema ?? null, value?.schema ?? null];
    }
    // A table that cannot be transformed is refused with whatever record of it, also with one that would be dropped.
    const isRefused = Object.values(found).every((outcome) => outcome === 'fails');
    const expected = isRefused ? Object.entries(rows).map(([at, outcome]) => [at, outcome ?? 'fails']) : Object.entries(rows);
    assert.deepEqual([found, described], [Object.fromEntries(expected), schemas]);
  });
}

interface Described {
  readonly schema: unknown;
  readonly payload: unknown;
}

/** Whole numbers as their digits. */
function exact(text: string): unknown {
  return JSON.parse(text, (_name: string, value: unknown, { source }: { source?: string } = {}) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? '') ? source : value,
  );
}
