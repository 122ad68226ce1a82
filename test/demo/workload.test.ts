import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseAction } from '../../src/demo/workload.ts';
import { taxiUrl } from '../../src/demo/taxi-database.ts';

const shares = (trips: number): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (let at = 0; at < 1000; at += 1) {
    const action = chooseAction(at / 1000, trips);
    counts[action] = (counts[action] ?? 0) + 1;
  }
  return counts;
};

test('every kind of change happens; a large table shrinks, a small one grows', () => {
  const small = shares(10);
  const large = shares(5000);
  for (const action of ['request', 'pickUp', 'dropOff', 'cancel', 'rate', 'remove'])
    assert.ok((small[action] ?? 0) >= 20 && (large[action] ?? 0) >= 20, action);
  assert.ok((small['remove'] ?? 0) < (large['remove'] ?? 0));
});

test("the sample goes into the database that is named, and never into Postgres's own", () => {
  assert.equal(taxiUrl('postgres://u:p@h:1/').pathname, '/taxi');
  assert.equal(taxiUrl('postgres://u:p@h:1').pathname, '/taxi');
  assert.equal(taxiUrl('postgres://u:p@h:1/postgres').pathname, '/taxi');
  assert.equal(taxiUrl('postgres://u:p@h:1/mine').href, 'postgres://u:p@h:1/mine');
});
