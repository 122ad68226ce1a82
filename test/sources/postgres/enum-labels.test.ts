import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CellState, TupleView } from '../../../src/record/tuple-view.ts';
import { EnumLabels } from '../../../src/sources/postgres/enum-labels.ts';

/** One cell, somewhere in a frame. */
function row(text: string | null, state: CellState = text === null ? CellState.NULL : CellState.TEXT): TupleView {
  const view = new TupleView(1);
  view.bytes = Buffer.from(`..${text ?? ''}..`);
  view.count = 1;
  view.state[0] = state;
  view.start[0] = 2;
  view.end[0] = view.bytes.length - 2;
  return view;
}

const labels = (isArray: boolean, ...listed: string[]): EnumLabels =>
  new EnumLabels([{ column: 0, isArray, labels: listed.map((label) => Buffer.from(label)) }]);

test('a label is listed or not; null and what was not sent have none', () => {
  const moods = labels(false, 'sad', 'ok', 'fröhlich', '');
  for (const known of [null, 'sad', 'ok', 'fröhlich', '']) assert.ok(moods.lists(row(known)), String(known));
  for (const other of ['sa', 'sadd', 'Sad', ' ']) assert.ok(!moods.lists(row(other)), other);
  assert.ok(moods.lists(row('other', CellState.UNCHANGED)));
  moods.learn(row('happy'));
  assert.ok(moods.lists(row('happy')));
  assert.ok(!moods.lists(row('happier')));
});

test('elements of arrays are looked at one by one, quoted or not, in any dimensions', () => {
  const odd = labels(true, 'a', '"b c"', String.raw`"d\"e\\"`, '"null"', '""');
  for (const known of ['{}', '{a}', '{a,NULL,"b c"}', String.raw`{"d\"e\\",a}`, '{{a,a},{"null",""}}', '[-1:0]={a,a}']) {
    assert.ok(odd.lists(row(known)), known);
  }
  for (const other of ['{b}', '{a,"b  c"}', '{{a},{b}}', String.raw`{"d\"e"}`, '[0:0]={b}']) assert.ok(!odd.lists(row(other)), other);
  odd.learn(row('{a,b,"x,y"}'));
  assert.ok(odd.lists(row('{"x,y",b}')));
  assert.ok(!odd.lists(row('{x}')));
});
