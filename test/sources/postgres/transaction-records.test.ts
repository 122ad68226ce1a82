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
const many = Array.from({ length: 30 }, (_, at): ScriptTable => ({ ...orders, id: 17_000 + at, name: `${'t'.repeat(55)}${at}` }));
const settings = { 'provide.transaction.metadata': 'true', 'table.exclude.list': 'public.hidden' };

interface Emitted {
  readonly op: string;
  readonly row: unknown;
  readonly id: string;
  readonly total: number | null;
  readonly order: number | null;
  /** Images other than the new row. */
  readonly others: readonly unknown[];
  /** Where a restart behind this would go on; null: not known. */
  resume: ResumePoint | null;
}

/** Everything that a script makes, each with its place in the transaction. */
async function run(
  wal: WalScript,
  resume?: ResumePoint,
  extra: Readonly<Record<string, string>> = {},
  isFull: (emitted: number) => boolean = () => false,
): Promise<Emitted[]> {
  const fixture = new DecoderFixture([orders, odd, hidden, ...many], {
    settings: { ...settings, ...extra },
    messages: true,
    ...(resume === undefined ? {} : { resume }),
  });
  fixture.out.hasRoom = (count) => !isFull(count);
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
      others: [fixture.out.changes.at(-1)?.before, fixture.out.changes.at(-1)?.related],
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

test('the first transaction of all may be empty; behind a transaction there is neither its id nor a number; an end may name many tables', async () => {
  const wal = new WalScript();
  wal.begin(1).commit().begin(4_294_967_295).relation(orders).insert(orders, ['1', 'a']).update(orders, ['2', 'b'], ['1', 'a']).commit();
  wal.begin(3).update(orders, ['2', 'c'], ['2', 'b']).commit();
  wal.messageOutside('audit', 'outside').begin(4, 60);
  for (const table of many) wal.relation(table).insert(table, ['1', 'a']);
  const emitted = await run(wal.message('audit', 'inside').commit());
  const marks = emitted.filter(({ row }) => (row as { status?: string }).status !== undefined);
  assert.deepEqual(
    marks.map(({ row, id, total, others }) => [(row as { status: string }).status, id.split(':')[0], total, others]),
    [
      ['BEGIN', '1', null],
      ['END', '1', 0],
      ['BEGIN', '4294967295', null],
      ['END', '4294967295', 3],
      ['BEGIN', '3', null],
      ['END', '3', 1],
      ['BEGIN', '4', null],
      ['END', '4', 31],
    ].map((mark) => [...mark, [null, null]]),
  );
  const collections = marks.map(({ row }) => (row as { data_collections: string | null }).data_collections);
  assert.equal(collections[1], '{}');
  const counted = [...many.map(({ name }) => `public.${name}`), 'message'].map((name) => `"{\\"${name}\\",\\"1\\"}"`);
  assert.equal(collections.at(-1), `{${counted.join(',')}}`);
  const said = emitted.filter(({ row }) => (row as { prefix?: string }).prefix !== undefined);
  assert.deepEqual(
    said.map(({ id, total, order }) => [id.split(':')[0], total, order]),
    [
      ['', null, null],
      ['4', 31, 1],
    ],
  );
});

test('begin and end wait for room, as changes do', async () => {
  assert.deepEqual(facts(await run(script(), undefined, {}, () => true)), facts(await run(script())));
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
