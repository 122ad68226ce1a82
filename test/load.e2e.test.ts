import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runScenario, type Row } from './sources/generator/scenario-run.ts';
import { CommittedReader } from './support/committed-reader.ts';
import { createDatabase, type Database } from './support/database.ts';
import { slotStreams } from './support/debezium-connector.ts';
import { uniqueName } from './support/unique-name.ts';
import { postgresConfig, WorkerStage } from './support/worker-stage.ts';

const main = join(import.meta.dirname, '..', 'src', 'main.ts');
const tables = ['customers', 'products', 'orders', 'payments'] as const;
const config = {
  'connector.class': 'millrace.SampleData',
  scenario: 'shop',
  'kafka.topic': 'shop',
  'random.seed': '12',
  'scenario.start': '2026-01-01T00:00:00Z',
  'scenario.turn.ms': '1000',
  iterations: '2000',
  'rows.per.second': '2500',
};

interface Ended {
  readonly code: number | string;
  readonly text: string;
}

async function load(file: string, url: string, environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawn(process.execPath, [main, 'load', file, '--postgres', 'LOAD_URL'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LOAD_URL: url, ...environment },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)));
  // One that hangs must not outlive its test.
  const late = setTimeout(() => child.kill('SIGKILL'), 120_000);
  await once(child, 'close').finally(() => clearTimeout(late));
  return { code: child.exitCode ?? child.signalCode ?? '', text };
}

/** As an application would have made them: the database itself refuses an order of nobody. */
const schema = `
  CREATE SCHEMA shop;
  CREATE TABLE shop.customers (id bigint PRIMARY KEY, name text NOT NULL, email text NOT NULL, city text NOT NULL,
    segment text NOT NULL, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL);
  CREATE TABLE shop.products (id bigint PRIMARY KEY, name text NOT NULL, price numeric(9,2) NOT NULL, updated_at timestamptz NOT NULL);
  CREATE TABLE shop.orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES shop.customers,
    product_id bigint NOT NULL REFERENCES shop.products, quantity int NOT NULL, status text NOT NULL, note text,
    created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL);
  CREATE TABLE shop.payments (id bigint PRIMARY KEY, order_id bigint NOT NULL REFERENCES shop.orders, amount numeric(9,2) NOT NULL,
    method text NOT NULL, status text NOT NULL, updated_at timestamptz NOT NULL);`;

async function rowsOf(db: Database, table: string): Promise<Record<string, string | null>[]> {
  const rows = await db.query<{ row: Record<string, string | number | null> }>(`SELECT to_json(t) AS row FROM shop.${table} t ORDER BY id`);
  return rows.map(({ row }) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(name, value)])));
}

/** Times in milliseconds, as the generator has them; everything else as text. */
function plain(name: string, value: string | number | null): string | null {
  if (value === null) return null;
  return name.endsWith('_at') ? String(Date.parse(String(value))) : String(name === 'price' || name === 'amount' ? Number(value) : value);
}

test(
  'a database under change data capture, loaded with a shop and killed meanwhile: every change once, from the generator to Kafka',
  { timeout: 400_000 },
  async () => {
    const { records } = await runScenario({ ...config, 'rows.per.second': '0' });
    const expected = new Map(tables.map((table) => [table as string, new Map<string, Row>()]));
    const changes = new Map<string, number>();
    for (const { topic, op, before, after } of records) {
      const table = topic.slice('shop.'.length);
      const id = (after ?? before)?.['id'] ?? '';
      if (after === null) expected.get(table)?.delete(id);
      else expected.get(table)?.set(id, after);
      const name = `${table} ${op === '' ? 'd' : op}`;
      changes.set(name, (changes.get(name) ?? 0) + 1);
    }

    await using db = await createDatabase();
    await db.query(schema);
    await using stage = await WorkerStage.open();
    const name = uniqueName('load');
    await stage.create(name, { ...postgresConfig(db, name), 'table.include.list': String.raw`shop\..*` });
    await stage.until(name, ({ tasks }) => tasks[0]?.state === 'RUNNING');
    // Everything the load writes comes behind the snapshot, which finds the tables empty.
    for (const end = performance.now() + 120_000; !(await slotStreams(db, name));) {
      assert.ok(performance.now() < end, JSON.stringify(await stage.status(name)));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }

    const folder = await mkdtemp(join(tmpdir(), 'load-'));
    try {
      const file = join(folder, 'shop.json');
      await writeFile(file, JSON.stringify({ name: 'shop', config }));
      for (const point of ['before-commit:2', 'inside-commit:3', 'after-commit:2']) {
        const { code, text } = await load(file, db.url, { MILLRACE_FAILPOINT: point });
        assert.equal(code, 'SIGKILL', text);
      }
      const { code, text } = await load(file, db.url);
      assert.equal(code, 0, text);
    } finally {
      await rm(folder, { recursive: true });
    }
    for (const table of tables) {
      const wanted = [...(expected.get(table)?.values() ?? [])].map((row) =>
        Object.fromEntries(Object.entries(row).map(([column, value]) => [column, column.endsWith('_at') ? value : plain(column, value)])),
      );
      assert.deepEqual(
        await rowsOf(db, table),
        wanted.sort((left, right) => Number(left['id']) - Number(right['id'])),
        table,
      );
    }

    await using reader = await CommittedReader.open(tables.map((table) => `${name}.shop.${table}`));
    const total = records.length;
    await reader.until(
      (found) => found.filter((record) => record.value !== null).length >= total,
      () => `${reader.records.filter((record) => record.value !== null).length} of ${total} changes`,
    );
    await reader.toEnd();
    const captured = new Map<string, number>();
    for (const { topic, value } of reader.records) {
      if (value === null) continue;
      const change = `${topic.slice(`${name}.shop.`.length)} ${(value as { op: string }).op}`;
      captured.set(change, (captured.get(change) ?? 0) + 1);
    }
    assert.deepEqual(Object.fromEntries(captured), Object.fromEntries(changes));
  },
);

test(
  'an address that is none, a server that is not there and a table that does not fit are told, without the password',
  { timeout: 400_000 },
  async () => {
    await using db = await createDatabase();
    const folder = await mkdtemp(join(tmpdir(), 'load-'));
    try {
      const file = join(folder, 'orders.json');
      const quickstart = {
        'connector.class': 'millrace.SampleData',
        quickstart: 'orders',
        'kafka.topic': 'orders',
        iterations: '50',
        'max.interval': '0',
      };
      await writeFile(file, JSON.stringify({ name: 'orders', config: quickstart }));
      const wrong = await load(file, 'https://user:hunter22@example.com/');
      assert.equal(wrong.code, 1);
      assert.match(wrong.text, /--postgres is no address of a database/);
      assert.ok(!wrong.text.includes('hunter22'));
      const denied = await load(file, db.url.replace(`:${db.password}@`, ':wrong-password@'));
      assert.equal(denied.code, 1);
      assert.match(denied.text, /Correct user and password/);
      assert.ok(!denied.text.includes('wrong-password'));
      // Records without a key of fields only add rows, and rows can still be told apart.
      assert.equal((await load(file, db.url)).code, 0);
      const [row] = await db.query<{ rows: string; keys: string }>(
        'SELECT count(*) AS rows, count(DISTINCT millrace_row) AS keys FROM orders',
      );
      assert.deepEqual(row, { rows: '50', keys: '50' });
      assert.equal((await load(file, db.url)).code, 0);
      assert.deepEqual(await db.query('SELECT count(*) AS rows FROM orders'), [{ rows: '50' }]);
      await db.query('ALTER TABLE orders DROP COLUMN itemid; DELETE FROM millrace_offsets');
      const unfit = await load(file, db.url);
      assert.equal(unfit.code, 1);
      assert.match(unfit.text, /writing into table "public"."orders".*itemid.*Remedy: Add the column/s);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);
