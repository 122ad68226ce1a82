import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Change } from '../../../src/record/change.ts';
import { formatPosition, parsePosition, type ResumePoint } from '../../../src/sources/postgres/position.ts';
import { SourceRegister } from '../../../src/sources/postgres/registers.ts';
import { intType, textType, WalScript, type ScriptTable } from '../../support/wal-script.ts';
import { DecoderFixture } from './decoder-fixture.ts';

const orders: ScriptTable = {
  id: 16_400,
  schema: 'public',
  name: 'orders',
  identity: 'f',
  columns: [
    { name: 'id', type: intType, key: true },
    { name: 'item', type: textType },
  ],
};
const odd: ScriptTable = { ...orders, id: 16_401, name: 'o"d\\d' };
const hidden: ScriptTable = { ...orders, id: 16_402, name: 'hidden' };
const settings = { 'provide.transaction.metadata': 'true', 'table.exclude.list': 'public.hidden' };

interface Emitted {
  readonly op: string;
  readonly row: unknown;
  readonly id: string;
  readonly total: number | null;
  readonly order: number | null;
  /** Where a restart behind this would go on; null: not known. */
  resume: ResumePoint | null;
}

/** Everything that a script makes, each with its place in the transaction. */
async function run(wal: WalScript, resume?: ResumePoint, extra: Readonly<Record<string, string>> = {}): Promise<Emitted[]> {
  const fixture = new DecoderFixture([orders, odd, hidden], {
    settings: { ...settings, ...extra },
    ...(resume === undefined ? {} : { resume }),
  });
  const emitted: Emitted[] = [];
  const emit = fixture.out.emit.bind(fixture.out);
  // A batch may also be sealed between two records of one message.
  const locateLast = (): void => {
    const last = emitted.at(-1);
    if (last !== undefined)
      last.resume ??= parsePosition(formatPosition(fixture.position.snapshot(), { systemId: '1', timeline: null })).point;
  };
  fixture.out.emit = (change: Change) => {
    locateLast();
    const { registers } = change;
    const number = (index: number): number | null => (registers.present[index] === 1 ? (registers.low[index] ?? 0) : null);
    const id = SourceRegister.TRANSACTION_ID;
    const room = emit(change);
    const entry: Emitted = {
      op: fixture.out.changes.at(-1)?.op ?? '',
      row: fixture.out.changes.at(-1)?.after ?? fixture.out.changes.at(-1)?.before,
      id: registers.present[id] === 1 ? Buffer.from(registers.bytes.subarray(registers.start[id], registers.end[id])).toString() : '',
      total: number(SourceRegister.TOTAL_ORDER),
      order: number(SourceRegister.COLLECTION_ORDER),
      resume: null,
    };
    emitted.push(entry);
    queueMicrotask(locateLast);
    return room;
  };
  for (const frame of wal.frames) {
    if (frame[0] !== 0x77) continue;
    await fixture.feed([frame]);
  }
  return emitted;
}

function facts(list: readonly Emitted[]): unknown[] {
  return list.map((entry) => ({ ...entry, resume: null }));
}

function changes(list: readonly Emitted[]): unknown[] {
  return list.filter(({ row }) => (row as { status?: string }).status === undefined).map(({ op, row }) => [op, row]);
}

function script(): WalScript {
  const wal = new WalScript();
  wal.begin(731).relation(orders).relation(odd).insert(orders, ['1', 'a']).insert(odd, ['1', 'b']);
  wal.update(orders, ['2', 'a'], ['1', 'a']).delete(orders, ['2', 'a']).commit();
  wal.begin(732).relation(hidden).insert(hidden, ['1', 'x']).commit();
  wal.begin(733).insert(odd, ['3', 'c']).relation(odd).insert(odd, ['4', 'd']).commit();
  return wal;
}

test('begin, numbers and end of each transaction, as Debezium counts them', async () => {
  const emitted = await run(script());
  assert.deepEqual(
    emitted.map(({ op, row, id, total, order }) => {
      const { status, data_collections: collections } = row as { status?: string; data_collections?: string };
      return status === undefined ? [op, id.split(':')[0], total, order] : [status, id.split(':')[0], total, collections];
    }),
    [
      ['BEGIN', '731', null, null],
      ['c', '731', 1, 1],
      ['c', '731', 2, 1],
      ['d', '731', 3, 2],
      ['tombstone', '731', 3, 2],
      ['c', '731', 4, 3],
      ['d', '731', 5, 4],
      ['tombstone', '731', 5, 4],
      ['END', '731', 5, '{"{\\"public.orders\\",\\"4\\"}","{\\"public.o\\\\\\"d\\\\\\\\d\\",\\"1\\"}"}'],
      ['BEGIN', '732', null, null],
      ['END', '732', 0, '{}'],
      ['BEGIN', '733', null, null],
      ['c', '733', 1, 1],
      ['c', '733', 2, 2],
      ['END', '733', 2, '{"{\\"public.o\\\\\\"d\\\\\\\\d\\",\\"2\\"}"}'],
    ],
  );
  assert.match(emitted[1]?.id ?? '', /^731:\d+$/);
  assert.notEqual(emitted[1]?.id, emitted[2]?.id, 'the LSN is that of the record, as Debezium has it');
});

test('the topic of the records', async () => {
  const fixture = new DecoderFixture([orders], { settings: { ...settings, 'topic.transaction': 'tx', 'topic.delimiter': '-' } });
  await fixture.transactions?.declare();
  assert.deepEqual(
    fixture.out.shapes.map(({ topic }) => topic),
    ['shop-tx'],
  );
});

test('a restart behind any record repeats nothing, leaves nothing out and counts on', async () => {
  const all = await run(script());
  for (const [index, { resume }] of all.entries()) {
    if (resume === null) throw new Error('no position');
    // The relations come again with every session, so the whole script is sent from its start.
    assert.deepEqual(facts(await run(script(), resume)), facts(all.slice(index + 1)), `behind record ${index}`);
  }
});

test('switching the records on or off in the middle of a transaction repeats and loses no change', async () => {
  const off = { 'provide.transaction.metadata': 'false' };
  for (const [before, after] of [
    [{}, off],
    [off, {}],
  ] as const) {
    const all = await run(script(), undefined, before);
    for (const [index, { resume }] of all.entries()) {
      const rest = await run(script(), resume ?? undefined, after);
      assert.deepEqual(changes(rest), changes(all.slice(index + 1)), `behind record ${index}`);
    }
  }
});
