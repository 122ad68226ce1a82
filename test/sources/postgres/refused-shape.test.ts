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

/** `refuses`: the topics whose subject does not take the wider table. */
async function decoded(policy: string, refuses: readonly string[], status = 409): Promise<DecoderFixture> {
  const settings = {
    'schema.change.refused.policy': policy,
    'errors.tolerance': 'all',
    'column.mask.hash.v2.SHA-256.with.salt.x': 'public.orders.secret',
  };
  const fixture = new DecoderFixture([orders], { settings });
  fixture.out.onDeclare = async (shape) => {
    if (shape.schema.columns.length < 4 || !refuses.includes(shape.topic)) return;
    throw new ConnectError('registry.schema', 'The registry refuses it.', { details: { status } });
  };
  await fixture.feed(script().frames);
  return fixture;
}

test('by default a schema that is refused is an error, and so is any other failure under every policy', async () => {
  await assert.rejects(decoded('fail', ['shop.public.orders']), { code: 'registry.schema' });
  for (const policy of ['new_topic', 'dead_letter']) {
    await assert.rejects(decoded(policy, ['shop.public.orders'], 422), { code: 'registry.schema' });
  }
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
  const table = 'shop.public.orders';
  assert.deepEqual(raws, [
    { op: 'c', table, before: null, after: { id: '2', item: 'b', extra: 'x' } },
    { op: 'u', table, before: { id: '2', item: 'b', extra: 'x' }, after: { id: '2', item: 'c', extra: 'x' } },
    { op: 'd', table, before: { id: '1', item: 'a', extra: null }, after: null },
  ]);
  assert.ok(fixture.out.rejected.every((failure) => failure.code === 'data.row' && failure.message.includes('was refused')));
});
