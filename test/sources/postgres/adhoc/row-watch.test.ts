import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RowWatch } from '../../../../src/sources/postgres/adhoc/row-watch.ts';
import { TransactionView } from '../../../../src/sources/postgres/transaction-view.ts';

/** Are all of these, brought by the stream one after the other, in what was visible at that moment? */
function isCovered(view: string, last: number | null, ...xids: readonly number[]): boolean {
  const watch = new RowWatch(last);
  for (const xid of xids) watch.begin(xid);
  return watch.isCovered(new TransactionView(view));
}

test('rows are read only where everything that was streamed is visible', () => {
  assert.equal(isCovered('20:20:', null), true);
  assert.equal(isCovered('20:20:', 19), true);
  assert.equal(isCovered('20:20:', 20), false, 'what was delivered before this run counts');
  assert.equal(isCovered('20:30:25', 10, 24, 26), true);
  assert.equal(isCovered('20:30:25', 10, 25, 26), false, 'still running by that view');
  const long = Array.from({ length: 9000 }, (_, xid) => xid + 100);
  assert.equal(isCovered('9100:9100:', null, ...long), true);
  assert.equal(isCovered('9099:9099:', null, ...long), false);
});

test('ids go round: the next is 3 behind 4294967295, and one that seems to lie far ahead is a very old one', () => {
  const nearEnd = '4294967290:4294967290:';
  assert.equal(isCovered(nearEnd, null, 4_294_967_289), true);
  assert.equal(isCovered(nearEnd, null, 3), false);
  assert.equal(isCovered('4294967300:4294967300:', null, 4_294_967_295, 3), true);
  assert.equal(isCovered('100:100:', 100 + (1 << 25)), true);
  assert.equal(isCovered(nearEnd, 33_554_426), true);
});

test('what a view has shown is asked for no more', () => {
  const watch = new RowWatch(15);
  assert.equal(watch.isCovered(new TransactionView('10:10:')), false);
  assert.equal(watch.isCovered(new TransactionView('20:20:')), true);
  assert.equal(watch.isCovered(new TransactionView('10:10:')), true);
});
