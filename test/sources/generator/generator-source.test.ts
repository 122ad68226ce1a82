import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SourceOffset } from '../../../src/record/offset.ts';
import { parseOffset, stringifyOffset } from '../../../src/record/offset.ts';
import { generatorSourcePlugin } from '../../../src/sources/generator/plugin.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { configOf, generate, oneField, startGenerator, type Cells } from './generator-run.ts';

/** Everything that depends on what was before: counters at fixed places, in unions, arrays and maps, and random numbers. */
const memory = JSON.stringify({
  type: 'record',
  name: 'memory',
  namespace: 'test',
  fields: [
    { name: 'id', type: { type: 'long', 'arg.properties': { iteration: { start: 1 } } } },
    { name: 'any', type: 'long' },
    { name: 'sometimes', type: ['null', { type: 'int', 'arg.properties': { iteration: { start: 0 } } }] },
    {
      name: 'list',
      type: {
        type: 'array',
        items: { type: 'int', 'arg.properties': { iteration: { start: 0, restart: 7 } } },
        'arg.properties': { length: { min: 0, max: 4 } },
      },
    },
    { name: 'text', type: { type: 'string', 'arg.properties': { regex: '[a-z]{1,9}' } } },
    {
      name: 'inner',
      type: {
        type: 'record',
        name: 'inner',
        fields: [{ name: 'n', type: { type: 'int', 'arg.properties': { iteration: { start: 5, step: 5 } } } }],
      },
    },
  ],
});

const rowsOf = async (seed: string): Promise<readonly Cells[]> =>
  (await generate({ 'schema.string': memory, 'random.seed': seed }, 50)).rows;

const issues = (values: Readonly<Record<string, string>>): readonly string[] =>
  (generatorSourcePlugin.validate?.(configOf(values)) ?? []).map((issue) => `${issue.key}: ${issue.message}`);

test('a seed gives the same records every time, another one gives others', async () => {
  assert.deepEqual(await rowsOf('42'), await rowsOf('42'));
  assert.notDeepEqual(await rowsOf('42'), await rowsOf('43'));
  // Written down, so that another machine or version gives the same.
  const orders = await generate({ quickstart: 'ORDERS', 'random.seed': '1' }, 2);
  assert.deepEqual(orders.rows, [
    ['1510780529130', '0', 'Item_2', '2.156376928966199', 'City_22', 'State_8', '23746'],
    ['1516240588770', '1', 'Item_2', '5.039850701316514', 'City_3', 'State_33', '59799'],
  ]);
});

test('killed at any record and started again, the sequence goes on as if nothing had been', async () => {
  const config = { 'schema.string': memory, 'random.seed': '7' };
  const { rows } = await generate(config, 40);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 4 }), fc.nat(3), async (kills, lost) => {
      const seen: Cells[] = [];
      let stored: readonly SourceOffset[] = [];
      for (const count of kills) {
        // Records behind the last position that was stored are lost with the process.
        const run = startGenerator({ ...config, iterations: '40' }, stored, undefined, (out, stop) => {
          out.onRow = (made) => {
            if (made === count + lost) stop();
          };
        });
        await run.done;
        const kept = Math.min(count, run.out.rows.length);
        seen.push(...run.out.rows.slice(0, kept));
        const offset = run.out.offsets[kept - 1];
        // As the offsets topic gives it back.
        if (offset !== undefined && offset.offset !== null) {
          stored = [{ partition: parseOffset(stringifyOffset(offset.partition)), offset: parseOffset(stringifyOffset(offset.offset)) }];
        }
      }
      const rest = startGenerator({ ...config, iterations: '40' }, stored);
      await rest.done;
      assert.deepEqual([...seen, ...rest.out.rows], rows);
    }),
    { numRuns: 60 },
  );
});

test('without a seed every first start is different, and a restart goes on all the same', async () => {
  const config = { 'schema.string': oneField('long') };
  const first = await generate(config, 5);
  const second = await generate(config, 5);
  assert.notDeepEqual(first.rows, second.rows);
  const resumed = startGenerator({ ...config, iterations: '10' }, first.offsets.slice(-1));
  await resumed.done;
  const again = startGenerator({ ...config, iterations: '10' }, first.offsets.slice(-1));
  await again.done;
  assert.equal(resumed.out.rows.length, 5);
  assert.deepEqual(resumed.out.rows, again.out.rows);
});

test('iterations end the run cleanly, also of one that had ended before', async () => {
  const run = startGenerator({ quickstart: 'users', iterations: '3' });
  await run.done;
  assert.deepEqual(run.out.places, ['iteration 0', 'iteration 1', 'iteration 2']);
  assert.match(await run.metrics.text(), /millrace_generator_rows_total\{connector="sample"\} 3/);
  const last = run.out.offsets.at(-1);
  assert.deepEqual(last?.partition, { 'task.id': 0 });
  assert.deepEqual(Object.keys(last?.offset ?? {}), ['task.generation', 'current.iteration', 'random.seed']);
  assert.deepEqual([last?.offset?.['task.generation'], last?.offset?.['current.iteration']], [1, 3]);
  const again = startGenerator({ quickstart: 'users', iterations: '3' }, run.out.offsets.slice(-1));
  await again.done;
  assert.equal(again.out.rows.length, 0);
  assert.deepEqual(again.source.position(), []);
});

test('a full batch holds the generator up, and nothing is lost by it', async () => {
  const run = startGenerator({ 'schema.string': memory, 'random.seed': '3', iterations: '100' }, [], undefined, (out) => {
    out.roomRows = 7;
  });
  await run.done;
  assert.deepEqual(run.out.rows, (await generate({ 'schema.string': memory, 'random.seed': '3' }, 100)).rows);
});

test('without iterations it runs until it is stopped', async () => {
  const run = startGenerator({ quickstart: 'pageviews' }, [], undefined, (out, stop) => {
    out.onRow = (rows) => {
      if (rows === 5000) stop();
    };
  });
  await run.done;
  assert.equal(run.out.rows.length, 5000);
});

async function timesOf(config: Readonly<Record<string, string>>, forMs: number): Promise<readonly number[]> {
  const clock = new ManualClock();
  const run = startGenerator({ quickstart: 'users', ...config }, [], clock);
  await settle();
  await clock.advance(forMs);
  await run.stop();
  return run.out.times;
}

test('rows per second, in bursts and with jitter', async () => {
  const steady = await timesOf({ 'rows.per.second': '10', 'max.interval': '' }, 1000);
  assert.deepEqual(steady, [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
  const bursts = await timesOf({ 'rows.per.second': '10', 'max.interval': '', 'burst.rows': '5' }, 1000);
  assert.deepEqual(bursts, [0, 0, 0, 0, 0, 500, 500, 500, 500, 500, 1000, 1000, 1000, 1000, 1000]);
  const jitter = await timesOf({ 'rows.per.second': '10', 'max.interval': '', jitter: '0.5' }, 20_000);
  const pauses = jitter.slice(1).map((time, at) => time - (jitter[at] ?? 0));
  assert.ok(
    pauses.every((pause) => pause >= 49 && pause <= 151),
    pauses.join(' '),
  );
  assert.ok(new Set(pauses).size > 20);
  assert.ok(Math.abs(jitter.length - 200) < 20, `${jitter.length} rows`);
});

test('max.interval is the longest pause, half of it the average; 500 where nothing is said', async () => {
  for (const [written, most] of [
    ['100', 100],
    ['', 500],
  ] as const) {
    const times = await timesOf({ 'max.interval': written }, most * 100);
    const pauses = times.slice(1).map((time, at) => time - (times[at] ?? 0));
    assert.ok(pauses.every((pause) => pause <= most + 1));
    assert.ok(Math.abs(times.length - 200) < 40, `${times.length} rows`);
  }
});

test('making a record may take only so long', async () => {
  let now = 0;
  const clock = {
    now: () => 0,
    monotonic: () => (now += 30),
    after: () => ({ cancel: () => {} }),
    sleep: () => Promise.resolve(),
  };
  await assert.rejects(
    startGenerator({ quickstart: 'users', 'generate.timeout': '20' }, [], clock).done,
    /took longer than generate\.timeout, 20 ms/,
  );
  const run = startGenerator({ quickstart: 'users', 'generate.timeout': '40', iterations: '1' }, [], clock);
  await run.done;
  assert.equal(run.out.rows.length, 1);
});

test('an offset that no generator wrote is refused', async () => {
  const offsets = [{ partition: { 'task.id': 0 }, offset: { 'current.iteration': -1 } }];
  await assert.rejects(startGenerator({ quickstart: 'users' }, offsets).done, /"current\.iteration" is not a whole number/);
});

test('config: exactly one schema, known quickstarts, files that are there, keys that exist', () => {
  assert.deepEqual(issues({ quickstart: 'Orders' }), []);
  assert.match(issues({})[0] ?? '', /^quickstart: Must set exactly one of schema\.string, schema\.filename, quickstart/);
  assert.match(issues({ quickstart: 'orders', 'schema.string': oneField('int') })[0] ?? '', /Must set exactly one/);
  assert.match(
    issues({ 'schema.filename': '/no/such.avsc' })[0] ?? '',
    /^schema\.filename: Unable to find the schema file "\/no\/such\.avsc"/,
  );
  assert.match(issues({ 'schema.string': '{' })[0] ?? '', /^schema\.string: Unable to parse the provided schema/);
  assert.match(
    issues({ quickstart: 'orders', 'schema.keyfield': 'id' })[0] ?? '',
    /^schema\.keyfield: .*does not contain the field.*"id"; it has ordertime, orderid/,
  );
  assert.match(issues({ quickstart: 'orders', 'max.interval': '10', 'rows.per.second': '5' })[0] ?? '', /^rows\.per\.second: Both/);
  const quickstart = generatorSourcePlugin.configKeys.find((key) => key.name === 'quickstart');
  assert.match(quickstart?.check?.('ordres') ?? '', /"ordres" is unknown: it must be one out of campaign_finance, clickstream, .*users_/);
});
