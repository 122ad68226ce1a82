import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConnectError } from '../../../../src/base/errors.ts';
import { silentLog } from '../../../../src/base/log.ts';
import { Op, TupleRef } from '../../../../src/record/change.ts';
import { ColumnKind } from '../../../../src/record/column-kind.ts';
import { nextRowSchemaId } from '../../../../src/record/row-schema.ts';
import type { Shape } from '../../../../src/record/shape.ts';
import { structNode } from '../../../../src/record/struct-node.ts';
import { Notifications } from '../../../../src/sources/postgres/adhoc/notifications.ts';
import { ToldOutlet } from '../../../../src/sources/postgres/adhoc/told-outlet.ts';
import { createChange } from '../../../../src/sources/postgres/stream-run.ts';
import { CollectingOutlet } from '../../../support/collecting-outlet.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { testSettings } from '../test-settings.ts';
import { withNotes } from './adhoc-harness.ts';

function shapeOf(table: string): Shape {
  const schema = { type: 'int32', optional: false } as const;
  const value = structNode('Row', 1, [{ name: 'id', node: { kind: 'column', schema, tuple: TupleRef.AFTER, column: 0 } }]);
  const columns = [{ name: 'id', kind: ColumnKind.INT, schema, scale: -1 }];
  return {
    topic: table,
    key: null,
    value,
    headers: [],
    schema: { id: nextRowSchemaId(), name: `shop.${table}`, columns, key: Uint16Array.of() },
  };
}

/** How both tables of the stage are told at their end. */
const done = 'SUCCEEDED public.a,public.b';

/** A snapshot of `public.a` and of `public.b`, which stays empty, and what comes out of it. */
function stage() {
  const out = new CollectingOutlet();
  /** How many records had come at each boundary since the last look at them. */
  const boundaries: number[] = [];
  const boundary = out.boundary.bind(out);
  out.boundary = () => {
    boundaries.push(out.changes.length);
    return boundary();
  };
  const clock = new ManualClock();
  /** After how many records it was said that one follows that moves no position. */
  const announced: number[] = [];
  const notifications = new Notifications(testSettings(withNotes), clock, silentLog);
  const told = new ToldOutlet(out, notifications, createChange(() => 'notification').change, () => announced.push(out.changes.length));
  const [a, b] = [shapeOf('public.a'), shapeOf('public.b')];
  const { change } = createChange(() => 'row');
  const begin = async (resumed = false): Promise<void> => {
    await told.begin(resumed);
    for (const shape of [a, b]) await told.declare(shape);
  };
  const row = ({ schema } = a): boolean => {
    change.op = Op.READ;
    change.schema = schema;
    return told.emit(change);
  };
  /** What came since the last call. */
  const came = (): string[] =>
    out.changes.splice(0).map(({ table, after }) => {
      const data = (name: string): string | undefined =>
        new RegExp(`"${name}","([^"]*)"`).exec((after?.['additional_data'] ?? '') as string)?.[1];
      const status = data('status');
      const parts = [after?.['type'] as string, data('current_collection_in_progress'), data('total_rows_scanned'), status];
      if (status !== undefined) parts.push(data('data_collections'));
      return table === 'notes' ? parts.filter((part) => part !== undefined).join(' ') : 'row';
    });
  return { out, told, begin, row, came, announced, boundaries };
}

test('a snapshot tells that it began and of its tables at its first boundary, and at its end what it read of each', async () => {
  const { told, begin, row, came, announced, boundaries } = stage();
  await begin();
  assert.deepEqual(came(), []);
  row();
  told.boundary();
  assert.deepEqual(came(), ['row', 'STARTED', 'IN_PROGRESS public.a', 'IN_PROGRESS public.b']);
  row();
  told.boundary();
  assert.deepEqual(came(), ['row']);
  // The batch before may have taken the position of the last row: a record behind it needs one to be committed with.
  assert.deepEqual(announced.splice(0), [1]);
  await told.end();
  assert.deepEqual(came(), [`TABLE_SCAN_COMPLETED 2 ${done}`, `TABLE_SCAN_COMPLETED 0 ${done}`, 'COMPLETED']);
  assert.deepEqual(announced, [0]);
  assert.deepEqual(boundaries, [4, 1, 3], 'all of it may be committed');
});

test('a snapshot without rows tells the same, and one that goes on does not begin again', async () => {
  const { told, begin, came, announced } = stage();
  await begin(true);
  told.boundary();
  assert.deepEqual(came(), ['IN_PROGRESS public.a', 'IN_PROGRESS public.b']);
  await told.end();
  assert.deepEqual(came(), [`TABLE_SCAN_COMPLETED 0 ${done}`, `TABLE_SCAN_COMPLETED 0 ${done}`, 'COMPLETED']);
  assert.deepEqual(announced, [0, 0]);
});

test('a table whose schema is refused is told as skipped, with the number of its rows, and not where another topic takes it', async () => {
  const { out, told, row, came } = stage();
  await told.begin(false);
  const [parked, moved] = [shapeOf('public.parked'), shapeOf('public.moved')];
  out.onDeclare = (shape) => (shape.topic.includes('.2') ? Promise.resolve() : Promise.reject(new Error('refused')));
  await assert.rejects(told.declare(parked));
  await assert.rejects(told.declare(moved));
  await told.declare({ ...moved, topic: 'public.moved.2' });
  assert.equal(row(moved), true);
  for (const table of ['public.parked', 'public.parked', 'public.other'])
    assert.equal(told.reject(new ConnectError('data.row', 'refused', { details: { table } }), null), true);
  assert.equal(out.rejected.length, 3);
  await told.end();
  assert.deepEqual(came(), [
    'row',
    'STARTED',
    'IN_PROGRESS public.moved',
    'TABLE_SCAN_COMPLETED 1 SUCCEEDED public.moved,public.parked',
    'TABLE_SCAN_COMPLETED 2 SKIPPED public.moved,public.parked',
    'COMPLETED',
  ]);
});

test('a notification that fills the outlet holds up the rows behind it, and the end of the snapshot', async () => {
  const { out, told, begin, row, came } = stage();
  await begin();
  out.hasRoom = (records) => records !== 2;
  assert.ok(row());
  assert.equal(told.boundary(), false);
  out.makeRoom();
  assert.equal(came().length, 4);
  let ended = false;
  const end = told.end().then(() => (ended = true));
  await new Promise(setImmediate);
  assert.ok(out.full && !ended);
  out.makeRoom();
  await end;
  assert.ok(ended);
});
