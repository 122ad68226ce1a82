import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConnectError } from '../../../src/base/errors.ts';
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
    { name: 'secret', type: textType },
  ],
};
const wider: ScriptTable = { ...orders, columns: [...orders.columns, { name: 'extra', type: textType }] };

/** A table that gets another column in the middle of a transaction, and loses it again. */
function script(): WalScript {
  const wal = new WalScript().begin(1).relation(orders).insert(orders, ['1', 'a', 's']);
  wal
    .relation(wider)
    .insert(wider, ['2', 'b', 's', 'x'])
    .update(wider, ['2', 'c', 's', 'x'], ['2', 'b', 's', 'x'])
    .delete(wider, ['1', 'a', 's', null]);
  return wal.relation(orders).insert(orders, ['3', 'd', 's']).commit();
}

const untaken = { status: 409, of: (topic: string) => `${topic}-value` };

/** `refuses`: the topics whose subject does not take the wider table. */
async function decoded(policy: string, refuses: readonly string[], { status, of } = untaken): Promise<DecoderFixture> {
  const settings = {
    'schema.change.refused.policy': policy,
    'errors.tolerance': 'all',
    'errors.deadletterqueue.topic.name': 'letters',
    'column.mask.hash.v2.SHA-256.with.salt.x': 'public.orders.secret',
  };
  const fixture = new DecoderFixture([orders], { settings });
  fixture.out.onDeclare = async (shape) => {
    if (shape.schema.columns.length < 4 || !refuses.includes(shape.topic)) return;
    throw new ConnectError('registry.schema', 'The registry refuses it.', { details: { status, subject: of(shape.topic) } });
  };
  await fixture.feed(script().frames);
  return fixture;
}

test('by default a schema that is refused is an error, and so is any other failure under every policy', async () => {
  await assert.rejects(decoded('fail', ['shop.public.orders']), { code: 'registry.schema' });
  for (const policy of ['new_topic', 'dead_letter']) {
    await assert.rejects(decoded(policy, ['shop.public.orders'], { ...untaken, status: 422 }), { code: 'registry.schema' });
  }
});

test('what stops tells the table, what changed in it, and what to do', async () => {
  await assert.rejects(decoded('fail', ['shop.public.orders']), (error) => {
    assert.ok(error instanceof ConnectError);
    assert.equal(
      error.message,
      'The schema of table public.orders was refused (column "extra" (string, optional) was added). The registry refuses it.',
    );
    assert.match(error.remedy ?? '', /compatibility level .*"schema\.change\.refused\.policy".* restart/);
    const topic = 'shop.public.orders';
    assert.deepEqual(error.details, { status: 409, subject: `${topic}-value`, table: 'public.orders', topic });
    return true;
  });
});

test('no other topic is tried where all of them have one subject', async () => {
  const declared: string[] = [];
  const of = (topic: string): string => {
    declared.push(topic);
    return 'Orders';
  };
  const all = Array.from({ length: 100 }, (_, at) => `shop.public.orders${at < 2 ? '' : `.${at}`}`);
  await assert.rejects(decoded('new_topic', all, { ...untaken, of }), { code: 'registry.schema', remedy: /TopicNameStrategy/ });
  assert.deepEqual(declared, all.slice(1, 3));
});

test('records of a refused schema go to the first topic whose subject takes them, those before and after stay', async () => {
  const { out } = await decoded('new_topic', ['shop.public.orders', 'shop.public.orders.2']);
  const topics = new Map(out.shapes.map((shape) => [shape.schema.id, shape.topic]));
  assert.deepEqual(
    out.changes.map(({ op, schemaId }) => [op, topics.get(schemaId)]),
    [
      ['c', 'shop.public.orders'],
      ['c', 'shop.public.orders.3'],
      ['u', 'shop.public.orders.3'],
      ['d', 'shop.public.orders.3'],
      ['tombstone', 'shop.public.orders.3'],
      ['c', 'shop.public.orders'],
    ],
  );
});

test('rows of a refused schema are rejected with their content, hidden columns left out; the stream goes on', async () => {
  const fixture = await decoded('dead_letter', ['shop.public.orders']);
  assert.deepEqual(
    fixture.out.changes.map(({ op, after }) => [op, after?.['id']]),
    [
      ['c', '1'],
      ['c', '3'],
    ],
  );
  const raws = fixture.out.raws.map((raw) => JSON.parse(raw?.toString() ?? 'null') as unknown);
  const at = { table: 'shop.public.orders', topic: 'shop.public.orders', source: raws.map((raw) => (raw as { source: unknown }).source) };
  const letter = (index: number): object => ({ ...at, source: at.source[index] });
  assert.deepEqual(raws, [
    { ...letter(0), op: 'c', before: null, after: { id: '2', item: 'b', extra: 'x' } },
    { ...letter(1), op: 'u', before: { id: '2', item: 'b', extra: 'x' }, after: { id: '2', item: 'c', extra: 'x' } },
    { ...letter(2), op: 'd', before: { id: '1', item: 'a', extra: null }, after: null },
  ]);
  const places = at.source as { lsn: number; txId: number; ts_us: number }[];
  assert.ok(places.every(({ lsn, txId, ts_us: time }, index) => txId === 1 && time > 0 && lsn > (places[index - 1]?.lsn ?? 0)));
  // A key that came to be another one stands behind the letters of the old one.
  assert.deepEqual(fixture.out.rawKeys.map(String), ['{"id":"2"}', '{"id":"2"}', '{"id":"1"}']);
  assert.ok(fixture.out.rejected.every((failure) => failure.code === 'data.row' && failure.message.includes('was refused')));
});
