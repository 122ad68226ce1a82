import assert from 'node:assert/strict';

import type { Client } from 'pg';

import type { CommittedRecord } from './committed-reader.ts';
import { seededRandom } from './seeded-random.ts';

/** One change as the audit table keeps it and as the topic must show it, once. */
export interface AuditedChange {
  readonly op: 'c' | 'u' | 'd';
  readonly id: number;
  /** The number of the new image, or of the image that a delete removed. */
  readonly seq: number;
}

/**
 * A table whose every change is written down by the transaction that makes it: `seq` counts changes, `audit` lists them.
 * What Postgres says was committed is the oracle; nothing is inferred from what was sent.
 */
export class AuditedTable {
  readonly #client: Client;
  readonly #random: () => number;
  readonly #ids: number;

  constructor(client: Client, options: { readonly ids: number; readonly seed: number }) {
    this.#client = client;
    this.#ids = options.ids;
    this.#random = seededRandom(options.seed);
  }

  async create(rows: number): Promise<void> {
    await this.#client.query(`
      CREATE TABLE accounts (id int PRIMARY KEY, seq int NOT NULL, note text NOT NULL, amount numeric(12,2));
      ALTER TABLE accounts REPLICA IDENTITY FULL;
      CREATE SCHEMA audit;
      CREATE TABLE audit.changes (number serial PRIMARY KEY, op text NOT NULL, id int NOT NULL, was int);
      INSERT INTO accounts SELECT n, 0, repeat('x', n % 200), n / 7.0 FROM generate_series(1, ${rows}) n;
    `);
  }

  /** One transaction of 1 to `changesMax` changes; now and then one that is rolled back. */
  async transaction(changesMax: number): Promise<void> {
    await this.#client.query('BEGIN');
    const changes = 1 + Math.floor(this.#random() * changesMax);
    for (let index = 0; index < changes; index += 1) await this.#change();
    await this.#client.query(this.#random() < 0.1 ? 'ROLLBACK' : 'COMMIT');
  }

  async committed(): Promise<AuditedChange[]> {
    const answer = await this.#client.query<AuditedChange>(
      'SELECT op, id, coalesce(was, number) AS seq FROM audit.changes ORDER BY number',
    );
    return answer.rows;
  }

  async rows(): Promise<Map<number, number>> {
    const answer = await this.#client.query<{ id: number; seq: number }>('SELECT id, seq FROM accounts');
    return new Map(answer.rows.map(({ id, seq }) => [id, seq]));
  }

  async #change(): Promise<void> {
    const id = 1 + Math.floor(this.#random() * this.#ids);
    const note = 'n'.repeat(Math.floor(this.#random() * 300));
    if (this.#random() < 0.25) {
      await this.#client.query(
        `WITH gone AS (DELETE FROM accounts WHERE id = $1 RETURNING id, seq) INSERT INTO audit.changes (op, id, was) SELECT 'd', id, seq FROM gone`,
        [id],
      );
      return;
    }
    await this.#client.query(
      `WITH known AS (SELECT 1 FROM accounts WHERE id = $1),
            counted AS (INSERT INTO audit.changes (op, id) SELECT CASE WHEN EXISTS (SELECT 1 FROM known) THEN 'u' ELSE 'c' END, $1 RETURNING number)
       INSERT INTO accounts SELECT $1, number, $2, number / 3.0 FROM counted
       ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, note = excluded.note, amount = excluded.amount`,
      [id, note],
    );
  }
}

interface Envelope {
  readonly op: string;
  readonly before: { readonly id: number; readonly seq: number } | null;
  readonly after: { readonly id: number; readonly seq: number } | null;
}

/** What the topic says happened, checked on the way: order per key, images that fit each other, tombstones after deletes. */
export class TopicState {
  /** Changes in `op:id:seq` form, and how often each was seen. */
  readonly seen = new Map<string, number>();
  readonly rows = new Map<number, number>();
  /** For failures: what came for each key, with its place. */
  readonly history = new Map<number, string[]>();
  reads = 0;

  apply(record: CommittedRecord): void {
    const id = (record.key as { id: number }).id;
    const history = this.history.get(id) ?? [];
    this.history.set(id, history);
    if (record.value === null) {
      assert.ok(!this.rows.has(id), `tombstone for ${id}, which was not deleted`);
      return;
    }
    const { op, before, after } = record.value as Envelope;
    const place = `${record.topic}-${record.partition}@${record.offset} (${op}, id ${id})`;
    history.push(`${op}:${(after ?? before)?.seq} at ${record.partition}@${record.offset}`);
    const known = this.rows.get(id);
    if (op === 'r' || op === 'c') assert.equal(known, undefined, `${place}: the row is there already`);
    else assert.equal(before?.seq, known, `${place}: the old image is not the last one seen`);
    if (op === 'r') this.reads += 1;
    else {
      const name = `${op}:${id}:${(after ?? before)?.seq}`;
      this.seen.set(name, (this.seen.get(name) ?? 0) + 1);
    }
    if (after === null) this.rows.delete(id);
    else this.rows.set(id, after.seq);
  }
}

/** What a topic told of an audited table. */
type Told = Pick<TopicState, 'seen' | 'history'>;

/**
 * Changes that the snapshot already contains are not streamed; for every key, from the first streamed change on, each
 * committed change must be there exactly once, and nothing that was not committed.
 */
export function checkAudit(audit: readonly AuditedChange[], state: Told): void {
  const streaming = new Set<number>();
  let found = 0;
  for (const { op, id, seq } of audit) {
    const name = `${op}:${id}:${seq}`;
    const count = state.seen.get(name) ?? 0;
    if (count > 0) streaming.add(id);
    // The description looks at the whole audit, so it is made only when it is needed.
    if (count !== (streaming.has(id) ? 1 : 0)) assert.fail(`${name} is on the topic ${count} times:\n${describeKey(id, audit, state)}`);
    found += count;
  }
  const total = [...state.seen.values()].reduce((sum, count) => sum + count, 0);
  assert.equal(total, found, 'the topic has changes that were not committed');
}

function describeKey(id: number, audit: readonly AuditedChange[], state: Told): string {
  const committed = audit.filter((change) => change.id === id).map(({ op, seq }) => `${op}:${seq}`);
  return `committed for id ${id}: ${committed.join(', ')}\non the topic: ${(state.history.get(id) ?? []).join(', ')}`;
}
