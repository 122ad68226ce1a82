import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { findConnectError } from '../../../src/base/errors.ts';
import { SourceRegister } from '../../../src/sources/postgres/registers.ts';
import { concat, copyData, int16, int32, intType, textType, unchanged, WalScript, type ScriptTable } from '../../support/wal-script.ts';
import { DecoderFixture } from './decoder-fixture.ts';

const orders: ScriptTable = {
  id: 16_400,
  schema: 'public',
  name: 'orders',
  identity: 'd',
  columns: [
    { name: 'id', type: intType, key: true },
    { name: 'item', type: textType },
  ],
};
const whole: ScriptTable = { ...orders, id: 16_401, name: 'whole', identity: 'f' };
const keyless: ScriptTable = { id: 16_402, schema: 'public', name: 'keyless', identity: 'f', columns: [{ name: 'text', type: textType }] };

function script(): WalScript {
  const wal = new WalScript();
  wal.begin(731).relation(orders).insert(orders, ['1', 'tea']).update(orders, ['1', null]).update(orders, ['2', 'mate'], ['1', null]);
  wal.relation(whole).insert(whole, ['7', 'öl ☕']).update(whole, ['7', unchanged], ['7', 'öl ☕']).delete(whole, ['7', 'öl ☕']).commit();
  wal.keepalive(wal.commitEnd);
  wal.begin(732).relation(keyless).insert(keyless, ['']).delete(keyless, ['']).truncate(orders, keyless).message('app', 'hello').commit();
  return wal;
}

function facts(fixture: DecoderFixture): unknown[] {
  return fixture.out.changes.map(({ op, table, before, after, related, locate }) => ({ op, table, before, after, related, locate }));
}

async function decoded(frames: readonly Buffer[], settings: Readonly<Record<string, string>> = {}): Promise<DecoderFixture> {
  const fixture = new DecoderFixture([orders, whole, keyless], { settings });
  await fixture.feed(frames.filter((frame) => frame[0] === 0x77));
  return fixture;
}

test('an unchanged value takes the old row under REPLICA IDENTITY FULL, and stays unknown otherwise', async () => {
  const wal = new WalScript();
  wal.begin(1).relation(orders).update(orders, ['1', unchanged]).relation(whole).update(whole, ['1', unchanged], ['1', 'long']);
  // The old key holds nothing else.
  wal.update(orders, ['2', unchanged], ['1', null]).commit();
  const { out } = await decoded(wal.frames);
  assert.deepEqual(out.changes[0]?.after, { id: '1', item: { state: 'unchanged' } });
  assert.deepEqual(out.changes[1]?.after, { id: '1', item: 'long' });
  assert.deepEqual(out.changes.at(-1)?.after, { id: '2', item: { state: 'unchanged' } });
});

test('a table without a key gets its tombstone, too, and truncates only when they are not skipped', async () => {
  const wal = new WalScript().begin(1).relation(keyless).delete(keyless, ['x']).truncate(keyless).commit();
  assert.deepEqual(
    (await decoded(wal.frames)).out.changes.map((change) => change.op),
    ['d', 'tombstone'],
  );
  const kept = await decoded(wal.frames, { 'skipped.operations': 'none', 'tombstones.on.delete': 'false' });
  assert.deepEqual(
    kept.out.changes.map((change) => change.op),
    ['d', 't'],
  );
});

test('skip.messages.without.change leaves an update out only when the whole old row shows that no captured column differs', async () => {
  const wal = new WalScript().begin(1).relation(orders).update(orders, ['1', 'tea']);
  wal.relation(whole).update(whole, ['1', 'tea'], ['1', 'tea']).update(whole, ['2', 'mate'], ['2', 'tea']);
  wal.update(whole, ['3', null], ['3', 'tea']).update(whole, ['4', unchanged], ['4', 'long']).commit();
  const ids = async (settings: Readonly<Record<string, string>>): Promise<unknown[]> =>
    (await decoded(wal.frames, settings)).out.changes.map(({ table, after }) => [table, after?.['id']]);
  const skip = { 'skip.messages.without.change': 'true' };
  const [ofOrders, ...ofWhole] = [['public.orders', '1'], ...['1', '2', '3', '4'].map((id) => ['public.whole', id])];
  assert.deepEqual(await ids({}), [ofOrders, ...ofWhole]);
  assert.deepEqual(await ids(skip), [ofOrders, ...ofWhole.slice(1, 3)]);
  assert.deepEqual(await ids({ ...skip, 'column.exclude.list': 'public.whole.item' }), [ofOrders]);
});

test('a delete whose key is not in the old image is rejected, not given a made-up key', async () => {
  const fixture = new DecoderFixture([orders], { settings: { 'message.key.columns': 'public.orders:item' } });
  await fixture.feed(new WalScript().begin(1).relation(orders).delete(orders, ['1', null]).commit().frames);
  assert.deepEqual(fixture.out.changes, []);
  assert.equal(fixture.out.rejected[0]?.code, 'data.row');
  assert.match(fixture.out.rejected[0]?.remedy ?? '', /REPLICA IDENTITY FULL/);
});

test('a key change whose old key is not whole is rejected in the same way; the row under the new key still comes', async () => {
  const fixture = new DecoderFixture([orders], { settings: { 'message.key.columns': 'public.orders:id,item' } });
  await fixture.feed(new WalScript().begin(1).relation(orders).update(orders, ['2', 'tea'], ['1', null]).commit().frames);
  assert.deepEqual(
    fixture.out.changes.map(({ op, after, related }) => ({ op, after, related })),
    [{ op: 'c', after: { id: '2', item: 'tea' }, related: null }],
  );
  assert.equal(fixture.out.rejected[0]?.code, 'data.row');
  assert.match(fixture.out.rejected[0]?.message ?? '', /"item"/);
});

test('an unchanged key column takes its text from the old key', async () => {
  const wal = new WalScript().begin(1).relation(orders).update(orders, [unchanged, 'mate'], ['1', null]).commit();
  const { out } = await decoded(wal.frames);
  assert.deepEqual(out.changes[0]?.after, { id: '1', item: 'mate' });
});

test('registers hold the position, the transaction, its time and the sequence', async () => {
  const wal = new WalScript(0x1_2345_6780n);
  wal.begin(731).relation(orders).insert(orders, ['1', 'a']).commit();
  const lastCommit = wal.commitEnd;
  wal.begin(4_000_000_000).insert(orders, ['2', 'b']);
  const { change } = await decoded(wal.frames);
  const { registers } = change;
  const long = (index: number): bigint => (BigInt(registers.high[index] ?? 0) << 32n) | BigInt((registers.low[index] ?? 0) >>> 0);
  assert.equal(long(SourceRegister.LSN), wal.lsn);
  assert.equal(long(SourceRegister.TX_ID), 4_000_000_000n);
  assert.equal(long(SourceRegister.SOURCE_TS_US), BigInt(Date.UTC(2026, 0, 2, 3, 4, 5, 678)) * 1000n);
  const sequence = Buffer.from(registers.bytes.subarray(registers.start[SourceRegister.SEQUENCE], registers.end[SourceRegister.SEQUENCE]));
  assert.equal(sequence.toString(), `["${lastCommit}","${wal.lsn}"]`);
});

test('the same table described again keeps its shape; a changed one gets another, in the middle of a transaction', async () => {
  const wider: ScriptTable = { ...orders, columns: [...orders.columns, { name: 'extra', type: textType }] };
  const wal = new WalScript().begin(1).relation(orders).insert(orders, ['1', 'a']).relation(orders).insert(orders, ['2', 'b']);
  wal.relation(wider).insert(wider, ['3', 'c', 'd']).relation(orders).insert(orders, ['4', 'e']).commit();
  const { out } = await decoded(wal.frames);
  const [first, second, third, fourth] = out.changes.map((change) => change.schemaId);
  assert.equal(first, second);
  assert.notEqual(second, third);
  assert.notEqual(third, fourth);
  assert.deepEqual(out.changes[2]?.after, { id: '3', item: 'c', extra: 'd' });
  assert.equal(out.shapes.length, 3);
});

test('any split of the byte stream into chunks gives the same changes', async () => {
  const wal = script();
  const frames = wal.frames.filter((frame) => frame[0] === 0x77);
  const expected = facts(await decoded(frames));
  assert.equal(expected.length, 12);
  const bytes = copyData(frames);
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 60 }), async (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const fixture = new DecoderFixture([orders, whole, keyless]);
      await fixture.feedBytes(at.slice(1).map((end, index) => bytes.subarray(at[index], end)));
      assert.deepEqual(facts(fixture), expected);
    }),
    { numRuns: 200 },
  );
});

test('a full outlet at any point loses and repeats nothing', async () => {
  const frames = script().frames.filter((frame) => frame[0] === 0x77);
  const expected = facts(await decoded(frames));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }), async (room) => {
      const fixture = new DecoderFixture([orders, whole, keyless]);
      fixture.out.hasRoom = (count) => room[count - 1] === true;
      await fixture.feedBytes([copyData(frames)]);
      assert.deepEqual(facts(fixture), expected);
    }),
  );
});

test('a malformed frame is a protocol error and never read past its end', async () => {
  const wal = script();
  const frames = wal.frames.filter((frame) => frame[0] === 0x77);
  await fc.assert(
    fc.asyncProperty(fc.nat(frames.length - 1), fc.nat(), fc.nat(255), async (index, position, byte) => {
      const frame = frames[index] as Buffer;
      const at = 25 + (position % (frame.length - 25));
      const broken = Buffer.concat([frame.subarray(0, at), Buffer.from([byte]), frame.subarray(at + 1)]);
      const cut = frame.subarray(0, at);
      for (const bad of [broken, cut]) {
        const fixture = new DecoderFixture([orders, whole, keyless]);
        try {
          await fixture.feed([...frames.slice(0, index), bad, ...frames.slice(index + 1)]);
        } catch (error) {
          const code = findConnectError(error)?.code;
          assert.ok(code === 'postgres.protocol' || code === 'data.shape', String(error));
        }
      }
    }),
    { numRuns: 600 },
  );
});

test('what pgoutput does not define is refused by name', async () => {
  const cases: [Buffer, RegExp][] = [
    [concat('?'), /unknown message 0x3f/],
    [concat('I', int32(orders.id), 'N', int16(0)), /outside a transaction/],
    [concat('C', Buffer.alloc(25)), /commit without a transaction/],
  ];
  for (const [payload, message] of cases) {
    await assert.rejects(decoded(new WalScript().raw(payload).frames), message);
  }
  const open = (payload: Buffer): readonly Buffer[] => new WalScript().begin(1).relation(orders).raw(payload).frames;
  await assert.rejects(decoded(new WalScript().begin(1).begin(2).frames), /a transaction begins inside another/);
  await assert.rejects(decoded(open(concat('I', int32(1), 'N', int16(0)))), /has not been described/);
  await assert.rejects(decoded(open(concat('I', int32(orders.id), 'N', int16(1), 'n'))), /1 columns in a row of orders, which has 2/);
  await assert.rejects(decoded(open(concat('I', int32(orders.id), 'N', int16(2), 'b', int32(1), 'x', 'n'))), /binary values/);
  await assert.rejects(decoded(open(concat('I', int32(orders.id), 'N', int16(2), 't', int32(-5)))), /-5 bytes announced/);
});

test('a stream abort that nobody asked for is passed over, between transactions and inside one', async () => {
  const abort = concat('A', int32(730), int32(730));
  const wal = new WalScript()
    .raw(abort)
    .begin(731)
    .relation(orders)
    .insert(orders, ['1', 'a'])
    .raw(abort)
    .insert(orders, ['2', 'b'])
    .commit();
  const { out } = await decoded(wal.raw(abort).frames);
  assert.deepEqual(
    out.changes.map(({ after }) => after?.['id']),
    ['1', '2'],
  );
});

/** Random transactions over the three tables, every kind of row message among them. */
const scripts = fc.array(
  fc.record({
    steps: fc.array(fc.record({ kind: fc.nat(9), text: fc.string({ maxLength: 40, unit: 'grapheme' }) }), { maxLength: 12 }),
    idle: fc.boolean(),
  }),
  { minLength: 1, maxLength: 6 },
);

function written(plan: typeof scripts extends fc.Arbitrary<infer T> ? T : never): WalScript {
  const wal = new WalScript();
  for (const [index, { steps, idle }] of plan.entries()) {
    wal.begin(800 + index, steps.length + 10);
    for (const table of [orders, whole, keyless]) wal.relation(table);
    for (const [at, { kind, text }] of steps.entries()) {
      const id = String(at);
      if (kind === 0) wal.insert(orders, [id, text]);
      else if (kind === 1) wal.insert(whole, [id, null]);
      else if (kind === 2) wal.insert(keyless, [text]);
      else if (kind === 3) wal.update(orders, [id, unchanged]);
      else if (kind === 4) wal.update(orders, [id, text], [`${id}0`, null]);
      else if (kind === 5) wal.update(whole, [id, unchanged], [id, text]);
      else if (kind === 6) wal.delete(orders, [id, null]);
      else if (kind === 7) wal.delete(whole, [id, text]);
      else if (kind === 8) wal.truncate(orders, keyless);
      else wal.message('app', text);
    }
    wal.commit();
    if (idle) wal.keepalive(wal.commitEnd);
  }
  return wal;
}

test('any script, cut into chunks anywhere, gives the same changes', async () => {
  await fc.assert(
    fc.asyncProperty(scripts, fc.array(fc.nat(), { maxLength: 40 }), async (plan, places) => {
      const frames = written(plan).frames.filter((frame) => frame[0] === 0x77);
      const settings = { 'skipped.operations': 'none' };
      const expected = facts(await decoded(frames, settings));
      const bytes = copyData(frames);
      const cuts = [0, ...places.map((place) => place % bytes.length).toSorted((a, b) => a - b), bytes.length];
      const fixture = new DecoderFixture([orders, whole, keyless], { settings });
      await fixture.feedBytes(cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end)));
      assert.deepEqual(facts(fixture), expected);
    }),
    { numRuns: 150 },
  );
});

test('a frame that ends too early is an error, and what came before it is what was sent', async () => {
  await fc.assert(
    fc.asyncProperty(scripts, fc.nat(), fc.nat(), async (plan, which, place) => {
      const frames = written(plan).frames.filter((frame) => frame[0] === 0x77);
      const settings = { 'skipped.operations': 'none' };
      const expected = facts(await decoded(frames, settings));
      const index = which % frames.length;
      const frame = frames[index] as Buffer;
      const fixture = new DecoderFixture([orders, whole, keyless], { settings });
      const damaged = [...frames.slice(0, index), frame.subarray(0, 26 + (place % (frame.length - 26 || 1))), ...frames.slice(index + 1)];
      const error = await fixture.feed(damaged).then(
        () => null,
        (reason: unknown) => reason,
      );
      const found = facts(fixture);
      assert.deepEqual(found, expected.slice(0, found.length));
      assert.equal(findConnectError(error)?.code, 'postgres.protocol');
    }),
    { numRuns: 300 },
  );
});
