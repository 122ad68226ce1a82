import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CellState, TupleView } from '../../../src/record/tuple-view.ts';
import { TypeCatalog, type TypeInfo } from '../../../src/sources/postgres/type-catalog.ts';
import { EnumLabels, type LabelPlace } from '../../../src/sources/postgres/enum-labels.ts';
import { intType, WalScript, type ScriptTable } from '../../support/wal-script.ts';
import { DecoderFixture } from './decoder-fixture.ts';

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

const label = (...listed: string[]): LabelPlace => ({ kind: 'label', labels: listed.map((text) => Buffer.from(text)) });
const labels = (place: LabelPlace): EnumLabels => new EnumLabels([{ column: 0, place }]);

test('a label is listed or not; null and what was not sent have none', () => {
  const moods = labels(label('sad', 'ok', 'fröhlich', ''));
  for (const known of [null, 'sad', 'ok', 'fröhlich', '']) assert.ok(moods.lists(row(known)), String(known));
  for (const other of ['sa', 'sadd', 'Sad', ' ']) assert.ok(!moods.lists(row(other)), other);
  assert.ok(moods.lists(row('other', CellState.UNCHANGED)));
  moods.learn(row('happy'));
  assert.ok(moods.lists(row('happy')));
  assert.ok(!moods.lists(row('happier')));
});

test('elements of arrays are looked at one by one, quoted or not, in any dimensions', () => {
  const odd = labels({ kind: 'array', inner: label('a', 'b c', 'd"e\\', 'null', '') });
  for (const known of ['{}', '{a}', '{a,NULL,"b c"}', String.raw`{"d\"e\\",a}`, '{{a,a},{"null",""}}', '[-1:0]={a,a}']) {
    assert.ok(odd.lists(row(known)), known);
  }
  for (const other of ['{b}', '{a,"b  c"}', '{{a},{b}}', String.raw`{"d\"e"}`, '[0:0]={b}']) assert.ok(!odd.lists(row(other)), other);
  odd.learn(row('{a,b,"x,y"}'));
  assert.ok(odd.lists(row('{"x,y",b}')));
  assert.ok(!odd.lists(row('{x}')));
});

test('fields of rows and bounds of ranges are looked at where they have labels', () => {
  const inner = label('a', 'b c', 'd"e');
  const fields = new Map([
    [2, [null, inner]],
    [3, [null, inner, { kind: 'array', inner } as const]],
  ]);
  const rows = labels({ kind: 'row', fields });
  for (const known of [
    '(x,a)',
    '(,)',
    '("x,y","b c")',
    '("""","d""e",)',
    String.raw`(x,a,"{a,\"b c\",NULL}")`,
    '(x,a,{})',
    '(1,2,3,4)',
    '',
  ]) {
    assert.ok(rows.lists(row(known)), known);
  }
  for (const other of ['(a,x)', '(,"")', '(",",x)', '(x,a,{b})', String.raw`(x,a,"{a,\"b  c\"}")`])
    assert.ok(!rows.lists(row(other)), other);
  const ranges = labels({ kind: 'multirange', inner: { kind: 'range', inner } });
  for (const known of ['{}', '{[a,"b c"),(,a]}', '{["d""e",)}', '{(,)}']) assert.ok(ranges.lists(row(known)), known);
  for (const other of ['{[x,)}', '{[a,"b")}', '{[a,a],(,"d"]}']) assert.ok(!ranges.lists(row(other)), other);
  assert.ok(labels({ kind: 'range', inner }).lists(row('empty')));
});

const mood = 90_000;
const people: ScriptTable = {
  id: 16_400,
  schema: 'public',
  name: 'people',
  identity: 'd',
  columns: [
    { name: 'id', type: intType, key: true },
    { name: 'mood', type: mood },
  ],
};

/** `readings`: the labels of the type at each look at it, the last of them from then on. */
async function decoded(...readings: readonly string[][]): Promise<DecoderFixture & { readonly looks: number }> {
  const types = new TypeCatalog();
  let looks = 0;
  const type: Partial<TypeInfo> = {
    oid: mood,
    schema: 'public',
    name: 'mood',
    kind: 'enum',
    elementOid: 0,
    baseOid: 0,
    rangeOf: 0,
    attributes: [],
  };
  const labelsNow = (): string[] => readings[Math.min(looks, readings.length) - 1] ?? [];
  types.get = (oid) => (oid === mood ? ({ ...type, labels: labelsNow(), versions: [] } as unknown as TypeInfo) : null);
  const catalog = {
    table: () => Promise.resolve(null),
    types: () => {
      looks += 1;
      return Promise.resolve(types);
    },
  };
  const fixture = new DecoderFixture([], { catalog, settings: { 'provide.transaction.metadata': 'true' } });
  // Full again and again, as under load.
  fixture.out.hasRoom = (changes) => {
    if (changes % 2 === 0) setImmediate(() => fixture.out.makeRoom());
    return changes % 2 !== 0;
  };
  const wal = new WalScript();
  wal.begin(731).relation(people).insert(people, ['1', 'sad']).insert(people, ['2', 'happy']);
  wal
    .update(people, ['3', 'odd'], ['2', null])
    .update(people, ['3', 'odd'])
    .insert(people, ['4', null])
    .delete(people, ['1', null])
    .commit();
  wal.begin(732).insert(people, ['5', 'odd']).insert(people, ['6', 'happy']).commit();
  await fixture.feed(wal.frames.filter((frame) => frame[0] === 0x77));
  return Object.assign(fixture, { looks });
}

function facts({ out }: DecoderFixture): unknown[] {
  return out.changes.map(({ schemaId: _id, ...change }) => change);
}

test('a row that waits for its type is the same change at the same place, and no other waits again', async () => {
  const all = ['sad', 'happy', 'odd'];
  const known = await decoded(all);
  assert.equal(known.looks, 1);
  const grown = await decoded(['sad'], ['sad', 'happy'], all);
  assert.deepEqual(facts(grown), facts(known));
  assert.equal(grown.looks, 3);
  // "odd" was renamed before anybody could ask.
  const renamed = await decoded(['sad'], ['sad', 'happy', 'even']);
  assert.deepEqual(facts(renamed), facts(known));
  assert.equal(renamed.looks, 3);
  assert.deepEqual(renamed.out.boundaries, known.out.boundaries);
});
