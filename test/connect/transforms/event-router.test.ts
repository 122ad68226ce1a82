import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Op } from '../../../src/record/change.ts';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import { columnsOf, envelopeOf, optionsOf, stored, timestampMs, written } from './transform-run.ts';
import type { Row } from './transform-run.ts';

const columns = columnsOf({
  id: [ColumnKind.STRING, 'string', { name: 'io.debezium.data.Uuid' }],
  aggregatetype: [ColumnKind.STRING, 'string'],
  aggregateid: [ColumnKind.STRING, 'string'],
  type: [ColumnKind.STRING, 'string'],
  payload: [ColumnKind.STRING, 'string?'],
  happened: [ColumnKind.TIMESTAMP_MICROS, 'int64?'],
});
const shape = () => envelopeOf('shop.public.outboxevent', columns);
const uuid = '4d47e190-0402-4048-bc2c-89dd54343cdc';
const payload = '{"id": 1, "lineItems": [{"id": 1, "item": "Debezium in Action", "status": "ENTERED"}]}';
const event = (more: Partial<Record<'type' | 'payload' | 'happened' | 'aggregate', string | null>> = {}): Row => ({
  op: Op.CREATE,
  after: [
    uuid,
    more.aggregate ?? 'Order',
    '1',
    more.type ?? 'OrderCreated',
    more.payload === undefined ? payload : more.payload,
    more.happened ?? null,
  ],
});
const type = 'io.debezium.transforms.outbox.EventRouter';
const run = (options: Record<string, string>, rows: readonly Row[]) => written(optionsOf(type, options), shape(), rows);

function because(reason: RegExp): (error: Error) => boolean {
  return (error) => reason.test(String(error.cause));
}

describe('EventRouter', () => {
  it("Debezium's documented example: topic, key, value and header", async () => {
    const records = await run({ 'route.topic.replacement': '${routedByValue}.events' }, [event()]);
    assert.deepEqual(records, [{ topic: 'Order.events', key: '1', value: payload, headers: { id: uuid }, timestampMs }]);
    const [plain] = await run({}, [event()]);
    assert.equal(plain?.topic, 'outbox.event.Order');
  });

  it('a topic for each aggregate type; updates, deletes and tombstones are left out', async () => {
    const old = event().after ?? [];
    const rows = [event(), { op: Op.DELETE, before: old }, { op: Op.TOMBSTONE, before: old }, event({ aggregate: 'Customer' }), event()];
    const update = { op: Op.UPDATE, after: old };
    assert.deepEqual(
      (await run({}, [...rows, update])).map(({ topic }) => topic),
      ['outbox.event.Order', 'outbox.event.Customer', 'outbox.event.Order'],
    );
    await assert.rejects(run({ 'table.op.invalid.behavior': 'fatal' }, [update]), because(/An update came from the outbox table/));
  });

  it('additional columns as headers and in an envelope, under an alias', async () => {
    const [headed] = await run({ 'table.fields.additional.placement': 'type:header:eventType,aggregateid:header' }, [event()]);
    assert.deepEqual(headed?.headers, { id: uuid, eventType: 'OrderCreated', aggregateid: '1' });
    const [enveloped] = await run({ 'table.fields.additional.placement': 'type:envelope:eventType' }, [event()]);
    assert.deepEqual(enveloped?.value, { payload, eventType: 'OrderCreated' });
    const [nullHeader] = await run({ 'table.fields.additional.placement': 'payload:header:text,aggregateid:header' }, [
      { ...event({ payload: null }) },
    ]);
    assert.deepEqual(nullHeader?.headers, { id: uuid, text: null, aggregateid: '1' }, 'null is not the empty text');
    const absent = { 'table.fields.additional.placement': 'nope:header' };
    await assert.rejects(run(absent, [event()]), /Unable to find the field nope/);
    assert.equal((await run({ ...absent, 'table.field.additional.missing': 'ignore' }, [event()])).length, 1);
  });

  it('an empty payload is a value, or a tombstone where that is asked for', async () => {
    const rows = [event({ payload: null }), event({ payload: ' ' }), event()];
    const values = async (options: Record<string, string>) => (await run(options, rows)).map(({ value }) => value);
    assert.deepEqual(await values({}), [null, ' ', payload]);
    assert.deepEqual(await values({ 'route.tombstone.on.empty.payload': 'true' }), [null, null, payload]);
  });

  it("the record's time from a column", async () => {
    const rows = [event({ happened: '2024-02-29 12:34:56.789012' }), event()];
    const records = await run({ 'table.field.event.timestamp': 'happened' }, rows);
    assert.deepEqual(
      records.map((record) => record.timestampMs),
      [Date.UTC(2024, 1, 29, 12, 34, 56, 789), timestampMs],
    );
    await assert.rejects(run({ 'table.field.event.timestamp': 'type' }, rows), /is not a timestamp/);
  });

  it('other columns, and columns that are not there', async () => {
    const [record] = await run({ 'route.by.field': 'type', 'table.field.event.key': 'type', 'table.field.event.payload': 'aggregateid' }, [
      event(),
    ]);
    assert.deepEqual([record?.topic, record?.key, record?.value], ['outbox.event.OrderCreated', 'OrderCreated', '1']);
    for (const key of ['route.by.field', 'table.field.event.key'])
      await assert.rejects(run({ [key]: 'nope' }, [event()]), new RegExp(`Unable to find the field nope of "${key}"`));
  });

  it('a topic that Kafka does not allow, and places that are none, are refused', async () => {
    await assert.rejects(run({}, [event({ aggregate: 'two words' })]), because(/a topic that Kafka does not allow/));
    await assert.rejects(run({ 'table.fields.additional.placement': 'type:nowhere' }, [event()]), /write column:header/);
  });

  it('the partition from an integer column; without a value the key decides', async () => {
    const lanes = envelopeOf('shop.public.outboxevent', [...columns, ...columnsOf({ lane: [ColumnKind.INT, 'int32?'] })]);
    const rows = ['2', null, '0'].map((lane): Row => ({ op: Op.CREATE, after: [...(event().after ?? []), lane] }));
    const records = await stored(optionsOf(type, { 'table.fields.additional.placement': 'lane:partition' }), lanes, rows);
    assert.deepEqual(
      records.map(({ partition }) => partition),
      [2, -1, 0],
    );
    await assert.rejects(run({ 'table.fields.additional.placement': 'type:partition' }, [event()]), /is no integer/);
  });

  it('what is no envelope passes', async () => {
    const base = shape();
    const heartbeat = { ...base, value: { ...base.value, schema: { ...base.value.schema, name: 'Heartbeat' } } } as typeof base;
    const [record] = await written(optionsOf(type), heartbeat, [event()]);
    assert.equal(record?.topic, 'shop.public.outboxevent');
  });
});
