import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { CellState, TupleView } from '../../../src/record/tuple-view.ts';
import { SnapshotFilter, type RowEffect } from '../../../src/sources/postgres/snapshot-filter.ts';
import { SnapshotProgress, type KeyRange } from '../../../src/sources/postgres/snapshot-progress.ts';
import { TransactionView } from '../../../src/sources/postgres/transaction-view.ts';
import { propertySettings } from '../../support/property.ts';

const all = (): boolean => true;

/** Read one table after the other, as it used to be stored: one position tells everything. */
interface Linear {
  readonly view: string;
  readonly exported: boolean;
  readonly horizon: string;
  readonly until: object | null;
}

function epoch(view: string, until: object | null, horizon = '0/64'): Linear {
  return { view, exported: false, horizon, until };
}

function upTo(table: number, key: string, order: 'number' | 'bytes' = 'number'): object {
  return { kind: 'key', table, columns: ['id'], orders: [order], key: [key] };
}

function linear(epochs: readonly Linear[], accepts: (schema: string, table: string) => boolean = all): SnapshotFilter {
  return SnapshotFilter.parse(JSON.stringify(epochs), accepts);
}

/** Nothing of it was read yet, or by these epochs up to these keys in these slices. */
function sliced(...ranges: readonly KeyRange[]): SnapshotFilter {
  const epochs = ['10:10:', '20:20:'].map((view) => ({ view, exported: false, horizon: 100n }));
  const progress = new SnapshotProgress(epochs, [{ kind: 'key', table: 7, columns: ['id'], orders: ['number'], ranges }]);
  return SnapshotFilter.parse(new SnapshotFilter(progress, all).toText(), all);
}

function row(id: string): TupleView {
  const view = new TupleView(2);
  view.bytes = new TextEncoder().encode(`x${id}`);
  view.count = 2;
  view.state[1] = CellState.TEXT;
  view.start[1] = 1;
  view.end[1] = view.bytes.length;
  return view;
}

/** The transactions, of those asked for, whose change of this row is dropped. */
function dropped(filter: SnapshotFilter, table: number, id: string, xids: readonly number[]): number[] {
  const regions = filter.regions(table, 'public', 't', ['other', 'id']);
  return xids.filter((xid) => {
    filter.beginTransaction(xid, 0, 1);
    return filter.drops(regions, row(id), 'other');
  });
}

test('a row belongs to the reading that came to its key', () => {
  const epochs = [epoch('10:10:', upTo(7, '-5')), epoch('20:20:', upTo(7, '100')), epoch('30:30:', null)];
  const filter = SnapshotFilter.parse(linear(epochs).toText(), all);
  const xids = [9, 19, 29, 39];
  assert.deepEqual(dropped(filter, 7, '-6', xids), [9]);
  assert.deepEqual(dropped(filter, 7, '-5', xids), [9]);
  assert.deepEqual(dropped(filter, 7, '-4', xids), [9, 19]);
  assert.deepEqual(dropped(filter, 7, '99', xids), [9, 19]);
  assert.deepEqual(dropped(filter, 7, '101', xids), [9, 19, 29]);
  assert.deepEqual(dropped(filter, 6, '999', xids), [9], 'a table before');
  assert.deepEqual(dropped(filter, 8, '-999', xids), [9, 19, 29], 'a table behind');
});

test('slices of a table were read by themselves', () => {
  const filter = sliced(
    {
      to: ['100'],
      parts: [
        { epoch: 0, until: ['50'] },
        { epoch: 1, until: null },
      ],
    },
    { to: ['200'], parts: [{ epoch: 1, until: null }] },
    {
      to: null,
      parts: [
        { epoch: 0, until: ['250'] },
        { epoch: 1, until: null },
      ],
    },
  );
  const xids = [9, 19, 29];
  const expected = { 50: [9], 51: [9, 19], 100: [9, 19], 101: [9, 19], 200: [9, 19], 201: [9], 250: [9], 251: [9, 19] };
  for (const [id, seen] of Object.entries(expected)) assert.deepEqual(dropped(filter, 7, id, xids), seen, id);
});

test('changes of rows that are still to be read are dropped, and the reading to come has to see them', () => {
  const filter = sliced({ to: null, parts: [{ epoch: 1, until: ['100'] }] });
  assert.deepEqual(dropped(filter, 7, '100', [19, 29]), [19]);
  assert.deepEqual([...filter.awaited], []);
  assert.deepEqual(dropped(filter, 7, '101', [19, 29]), [19, 29]);
  assert.deepEqual([...filter.awaited], [19, 29]);
  assert.equal(filter.beginTransaction(39, 0, 1000), true, 'also behind the last horizon');
});

test('a table of which nothing was read yet has its changes dropped, also where nothing else is left to drop', () => {
  const unread = { kind: 'key', table: 7, columns: ['id'], orders: ['number'], ranges: [{ to: null, parts: [] }] } as const;
  const filter = new SnapshotFilter(new SnapshotProgress([], [unread]), all);
  assert.deepEqual(dropped(filter, 7, '1', [5]), [5]);
  assert.deepEqual(dropped(filter, 8, '1', [5]), []);
  filter.giveUpUnread();
  assert.deepEqual([filter.active, dropped(filter, 7, '1', [5])], [false, []]);
});

test('rows without a key: one that appeared was shown by the last reading, one that changed only if no reading missed it', () => {
  const table = {
    kind: 'place',
    table: 7,
    fileNode: 1,
    ranges: [
      {
        to: null,
        parts: [
          { epoch: 0, until: null },
          { epoch: 1, until: null },
        ],
      },
    ],
  } as const;
  const epochs = ['10:10:', '20:20:'].map((view) => ({ view, exported: false, horizon: 100n }));
  const filter = SnapshotFilter.parse(new SnapshotFilter(new SnapshotProgress(epochs, [table]), all).toText(), all);
  const regions = filter.regions(7, 'public', 't', ['other', 'id']);
  const found = (effect: RowEffect): number[] =>
    [9, 19, 29].filter((xid) => {
      filter.beginTransaction(xid, 0, 1);
      return filter.drops(regions, row('1'), effect);
    });
  assert.deepEqual(found('appears'), [9, 19]);
  assert.deepEqual(found('other'), [9]);
});

test('the snapshot that came with the slot drops nothing, nor does a table that was not read', () => {
  const exported: Linear = { ...epoch('10:10:', upTo(7, '5')), exported: true };
  assert.equal(linear([{ ...exported, until: null }]).active, false);
  const filter = linear([exported, epoch('20:20:', null)], (_schema, table) => table === 't');
  assert.deepEqual(dropped(filter, 7, '5', [9, 19]), []);
  assert.deepEqual(dropped(filter, 7, '6', [9, 19]), [9, 19]);
  assert.equal(filter.regions(7, 'public', 'unread', ['id']), null);
});

test('it ends with the first transaction that committed behind the last reading, and is not stored any more', () => {
  const filter = linear([epoch('10:10:', null, '1/5')]);
  assert.equal(filter.beginTransaction(9, 1, 4), true);
  assert.equal(filter.beginTransaction(9, 1, 5), false);
  assert.equal(filter.active, false);
  assert.equal(filter.toText(), null);
  assert.equal(filter.drops(null, row('1'), 'other'), false);
});

test('a truncate was shown only if every reading of the table saw it', () => {
  const filter = linear([epoch('10:10:', upTo(7, '5')), epoch('20:20:', null)]);
  const regions = filter.regions(7, 'public', 't', ['other', 'id']);
  filter.beginTransaction(19, 0, 1);
  assert.equal(filter.dropsTable(regions), false);
  filter.beginTransaction(9, 0, 1);
  assert.equal(filter.dropsTable(regions), true);
});

test('transactions are compared modulo 2^32', () => {
  const view = new TransactionView('8589934590:8589934600:8589934591,8589934593');
  // 2^33 - 2, …: the numbers of the stream are 4294967294, 4294967295, 0, 1, …
  assert.deepEqual(
    [4_294_967_293, 4_294_967_294, 4_294_967_295, 0, 1, 7, 8, 9].map((xid) => view.sees(xid)),
    [true, true, false, true, false, true, false, false],
  );
  assert.deepEqual(
    [4_294_967_293, 4_294_967_294, 7, 8].map((xid) => view.isRecent(xid)),
    [false, true, true, false],
  );
});

test('numbers compare as numbers, texts as bytes', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
      fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
      fc.nat(62),
      (left, right, shift) => {
        for (const [a, b] of [
          [left, right],
          [left >> BigInt(shift), right >> BigInt(shift)],
          [left, left],
        ] as const) {
          const filter = linear([epoch('10:10:', upTo(7, String(b))), epoch('20:20:', null)]);
          assert.deepEqual(dropped(filter, 7, String(a), [15]), a > b ? [15] : []);
        }
      },
    ),
    propertySettings(),
  );
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (left, right) => {
      const filter = linear([epoch('10:10:', upTo(7, right, 'bytes')), epoch('20:20:', null)]);
      assert.deepEqual(dropped(filter, 7, left, [15]), Buffer.compare(Buffer.from(left), Buffer.from(right)) > 0 ? [15] : []);
    }),
    propertySettings(),
  );
});
