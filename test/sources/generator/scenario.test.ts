import assert from 'node:assert/strict';
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SourceOffset } from '../../../src/record/offset.ts';
import { generatorSourcePlugin } from '../../../src/sources/generator/plugin.ts';
import { sleeplessClock } from '../../support/manual-clock.ts';
import { configOf } from './generator-run.ts';
import { runScenario, type Row, type ScenarioRecord } from './scenario-run.ts';

/** The first row, and the first orders after all that was there from the beginning. */
const expectedStart = [
  {
    topic: 'shop.customers',
    op: 'c',
    before: null,
    after: {
      id: '1',
      name: 'Otto Moreau',
      email: 'uzur.kwkexesksjdh16@example.com',
      city: 'Cork',
      segment: 'new',
      created_at: '1767225600000',
      updated_at: '1767225600000',
    },
  },
  ...[
    ['1', '79', '46', '1', 'leave at the door', '1767225601000'],
    ['2', '38', '10', '4', 'ring twice', '1767225602000'],
  ].map(([id, customer, product, quantity, note, time]) => ({
    topic: 'shop.orders',
    op: 'c',
    before: null,
    after: { id, customer_id: customer, product_id: product, quantity, status: 'placed', note, created_at: time, updated_at: time },
  })),
];

const fixed = { 'scenario.start': '2026-01-01T00:00:00Z' };
const shop = (seed: number, iterations: number): Record<string, string> => ({
  ...fixed,
  scenario: 'shop',
  'kafka.topic': 'shop',
  'random.seed': String(seed),
  iterations: String(iterations),
});

const parents: Readonly<Record<string, readonly (readonly [column: string, table: string])[]>> = {
  'shop.orders': [
    ['customer_id', 'shop.customers'],
    ['product_id', 'shop.products'],
  ],
  'shop.payments': [['order_id', 'shop.orders']],
};

/** Tables as a database with foreign keys would keep them: it refuses what such a database would refuse. */
function replay(records: readonly ScenarioRecord[]): Map<string, Map<string, Row>> {
  const tables = new Map(['customers', 'products', 'orders', 'payments'].map((name) => [`shop.${name}`, new Map<string, Row>()]));
  for (const { topic, op, before, after } of records) {
    const table = tables.get(topic)!;
    const id = (after ?? before)!['id']!;
    if (op === 'c') assert.ok(!table.has(id) && before === null, `${topic} ${id} is new`);
    else if (op !== '') assert.deepEqual(table.get(id), before, `${topic} ${id} ${op}: the row before is the row that is there`);
    else assert.ok(table.has(id), `${topic} ${id} is there to be deleted`);
    for (const [column, parent] of parents[topic] ?? []) {
      assert.ok(after === null || tables.get(parent)!.has(after[column]!), `${topic} ${id}: ${column} is there`);
    }
    if (after === null) table.delete(id);
    else table.set(id, after);
    if (after !== null) continue;
    for (const [child, references] of Object.entries(parents)) {
      for (const [column, parent] of references) {
        if (parent !== topic) continue;
        for (const row of tables.get(child)!.values()) assert.notEqual(row[column], id, `${topic} ${id} goes while ${child} refers to it`);
      }
    }
  }
  return tables;
}

test('a shop: nothing refers to what is not there, whatever the seed, and rows live as their paths say', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const { records } = await runScenario(shop(seed, 2500));
      assert.equal(records.length, 2500);
      replay(records);
    }),
    { numRuns: 6 },
  );
});

test('a long run has everything that happens in a shop, and its tables stay small', async () => {
  const { records } = await runScenario(shop(5, 60_000));
  const tables = replay(records);
  const statuses = new Set(
    records.filter((record) => record.topic === 'shop.orders').map((record) => record.after?.['status'] ?? 'deleted'),
  );
  assert.deepEqual([...statuses].sort(), ['cancelled', 'deleted', 'delivered', 'paid', 'placed', 'returned', 'shipped']);
  for (const [name, rows] of tables) assert.ok(rows.size > 20 && rows.size < 1500, `${name} has ${rows.size} rows`);
  const count = (topic: string, op: string): number => records.filter((record) => record.topic === topic && record.op === op).length;
  for (const topic of tables.keys()) for (const op of ['c', 'u', '']) assert.ok(count(topic, op) > 0, `${topic} ${op}`);
  // An order's own column is told again with every change, and only that of the change moves.
  const prices = records.filter((record) => record.topic === 'shop.products' && record.op === 'u');
  for (const { before, after } of prices) {
    assert.equal(before!['name'], after!['name']);
    assert.notEqual(before!['updated_at'], after!['updated_at']);
  }
});

test('the same seed gives the same records on every machine', async () => {
  const { records } = await runScenario(shop(1, 162));
  assert.deepEqual(records[0]!.after, (await runScenario(shop(1, 1))).records[0]!.after);
  assert.notDeepEqual(records[0]!.after, (await runScenario(shop(2, 1))).records[0]!.after);
  // Written down, so that another machine or version gives the same.
  assert.deepEqual(records.slice(0, 1).concat(records.slice(160, 162)), expectedStart);
});

test('killed at any record and started again, the sequence goes on as if nothing had been', async () => {
  const config = shop(7, 1500);
  const { records } = await runScenario(config);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 4 }), fc.nat(3), async (kills, lost) => {
      const seen: ScenarioRecord[] = [];
      let stored: readonly SourceOffset[] = [];
      for (const count of kills) {
        const out = await runScenario(config, stored, count + lost);
        const kept = Math.min(count, out.records.length);
        seen.push(...out.records.slice(0, kept));
        const offset = out.offsets[kept - 1];
        if (offset !== undefined) stored = [offset];
      }
      const rest = await runScenario(config, stored);
      assert.deepEqual([...seen, ...rest.records], records);
    }),
    { numRuns: 15 },
  );
});

test('in the envelope a delete has its row and a tombstone behind it', async () => {
  const { records } = await runScenario({ ...shop(3, 6000), 'scenario.form': 'envelope' });
  const at = records.findIndex((record) => record.op === 'd');
  assert.ok(at > 0);
  const [deleted, tombstone] = records.slice(at);
  assert.equal(deleted!.after, null);
  assert.equal(tombstone!.op, '');
  assert.deepEqual(tombstone!.before, deleted!.before);
});

test('times follow the clock, never go back, and are the same when a row is told again after a restart', async () => {
  let nowMs = Date.UTC(2026, 10, 23);
  const clock = { ...sleeplessClock, now: () => nowMs };
  const config = { ...shop(9, 4000), 'scenario.start': '', 'rows.per.second': '0' };
  const born = new Map<string, string>();
  let last = 0;
  let stored: readonly SourceOffset[] = [];
  for (let run = 0; run < 4; run += 1) {
    const out = await runScenario(config, stored, 1000, clock);
    for (const { topic, after } of out.records) {
      const time = after?.['created_at'] ?? null;
      if (after === null || time === null) continue;
      const row = `${topic} ${after['id']}`;
      assert.equal(born.get(row) ?? time, time, `${row} was born once`);
      if (!born.has(row)) assert.ok(Number(time) >= last, 'times do not go back');
      born.set(row, time);
      last = Math.max(last, Number(time));
      assert.ok(out.offsets.length > 0 && Number(time) <= nowMs, 'not in the future');
    }
    stored = out.offsets.slice(-1);
    nowMs += 3_600_000;
  }
  assert.ok(born.size > 100);
});

const issues = (values: Readonly<Record<string, string>>): readonly string[] =>
  (generatorSourcePlugin.validate?.(configOf(values)) ?? []).map((issue) => `${issue.key}: ${issue.message}`);

test('what cannot be meant is refused with the place and the reason', () => {
  assert.deepEqual(issues({ scenario: 'shop' }), []);
  assert.match(issues({ scenario: 'shop', quickstart: 'orders' })[0]!, /^scenario: scenario and quickstart exclude each other/);
  assert.match(generatorSourcePlugin.configKeys.find((key) => key.name === 'scenario')!.check!('mall')!, /"mall" is unknown: .*shop/);
  assert.match(issues({ scenario: 'shop', 'rate.by.hour': 'shop' })[0]!, /without rows.per.second/);
  assert.match(issues({ scenario: 'shop', 'rows.per.second': '5', 'rate.by.hour': '1,2' })[0]!, /24 numbers/);
  assert.match(issues({ scenario: 'shop', 'rows.per.second': '5', 'rate.by.hour': 'shop', 'rate.zone': 'Mars' })[0]!, /^rate.zone: /);
  assert.match(issues({ scenario: 'shop', 'scenario.start': 'soon' })[0]!, /is no time/);
  assert.match(issues({ 'scenario.file': '/nowhere.json' })[0]!, /^scenario.file: Unable to find/);
  const folder = mkdtempSync(join(tmpdir(), 'scenario-'));
  try {
    const own = (tables: unknown): string => {
      const file = join(folder, 'own.json');
      writeFileSync(file, JSON.stringify({ tables }));
      return issues({ 'scenario.file': file })[0] ?? '';
    };
    const schema = {
      type: 'record',
      name: 'a',
      fields: [
        { name: 'id', type: 'int' },
        { name: 't', type: 'string' },
      ],
    };
    assert.equal(own({ a: { schema, key: 'id', life: [{ share: 1, steps: [{ after: 3, set: { t: 'x' } }] }] } }), '');
    assert.match(own({ a: { schema, key: 't' } }), /table "a": "key" names a column .* int or a long/);
    assert.match(own({ a: { schema, key: 'id', lives: [] } }), /there is no "lives" here/);
    assert.match(own({ a: { schema, key: 'id', life: [{ share: 1, steps: [{ after: 3, set: { id: 4 } }] }] } }), /sets "id"/);
    assert.match(own({ a: { schema, key: 'id', life: [{ share: 1, steps: [{ after: 3, set: { t: 4 } }] }] } }), /column "t"/);
    assert.match(own({ a: { schema, key: 'id', life: [{ share: 1, steps: [{ after: [5, 3], delete: true }] }] } }), /"after" of a step/);
    assert.match(own({ a: { schema, key: 'id', life: [{ share: 0, steps: [] }] } }), /"share" above 0/);
    const child = {
      type: 'record',
      name: 'b',
      fields: [
        { name: 'id', type: 'int' },
        { name: 'a', type: { type: 'long', 'arg.properties': { reference: 'a' } } },
      ],
    };
    assert.match(
      own({ b: { schema: child, key: 'id' }, a: { schema, key: 'id' } }),
      /column "a": "reference" names a table that stands before/,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
