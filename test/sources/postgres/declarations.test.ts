import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { declareTables } from '../../../src/sources/postgres/declarations.ts';

const tables = Array.from({ length: 50 }, (_, index) => index);
const never = new AbortController().signal;

test('every table is declared once, begun in order, and never more than eight at a time', async () => {
  const begun: number[] = [];
  let [now, most] = [0, 0];
  await declareTables(tables, never, async (table) => {
    begun.push(table);
    now += 1;
    most = Math.max(most, now);
    for (let turn = 0; turn <= table % 5; turn += 1) await setImmediate();
    now -= 1;
  });
  assert.deepEqual(begun, tables);
  assert.deepEqual([most, now], [8, 0]);
  await declareTables([], never, () => Promise.reject(new Error('there is none')));
});

test('the first failure is told when nothing is under way any more, and no other table is begun', async () => {
  let now = 0;
  const begun: number[] = [];
  const run = declareTables(tables, never, async (table) => {
    begun.push(table);
    now += 1;
    await setImmediate();
    now -= 1;
    if (table >= 10) throw new Error(`table ${table}`);
  });
  await assert.rejects(run, /table 10/);
  assert.equal(now, 0);
  assert.ok(begun.length < 20, `${begun.length} begun`);
});

test('an abort ends it without a failure', async () => {
  const abort = new AbortController();
  const begun: number[] = [];
  await declareTables(tables, abort.signal, async (table) => {
    begun.push(table);
    await setImmediate();
    if (table === 3) abort.abort();
  });
  assert.ok(begun.length < 20, `${begun.length} begun`);
});
