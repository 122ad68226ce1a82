import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import { RecordBatch } from '../../../src/record/record-batch.ts';
import type { Schema } from '../../../src/record/schema.ts';
import { PostgresSink } from '../../../src/sinks/postgres/postgres-sink.ts';
import { createDatabase, type Database } from '../../support/database.ts';

const id = { name: 'id', schema: { type: 'int64', optional: false } as Schema };
const connect = (name: string, type: Schema['type'], parameters?: Record<string, string>): Schema => ({
  type,
  optional: true,
  name: `org.apache.kafka.connect.data.${name}`,
  ...(parameters === undefined ? {} : { parameters }),
});
const value: Schema = {
  type: 'struct',
  optional: false,
  fields: [
    id,
    { name: 'text "quoted"', schema: { type: 'string', optional: true } },
    { name: 'at', schema: connect('Timestamp', 'int64') },
    { name: 'day', schema: connect('Date', 'int32') },
    { name: 'noon', schema: connect('Time', 'int32') },
    { name: 'price', schema: connect('Decimal', 'bytes', { scale: '2', 'connect.decimal.precision': '9' }) },
    { name: 'raw', schema: { type: 'bytes', optional: true } },
    { name: 'list', schema: { type: 'array', optional: true, items: { type: 'string', optional: false } } },
    { name: 'real', schema: { type: 'float32', optional: true } },
  ],
};
const topics = new Map([['shop.things', { key: { type: 'struct', optional: false, fields: [id] } as Schema, value }]]);
const signal = new AbortController().signal;

const sinkOn = (db: Database): PostgresSink => new PostgresSink({ connector: 'things', url: new Secret(db.url), topics });

/** Null for a tombstone. */
function batchOf(rows: readonly (readonly [key: number, row: string | null])[], position: number): RecordBatch {
  const batch = new RecordBatch();
  for (const [key, row] of rows) {
    batch.add(batch.topicIndex('shop.things'), Buffer.from(`{"id":${key}}`), row === null ? null : Buffer.from(row), null, 0);
  }
  batch.seal([{ partition: { task: 0 }, offset: { position } }]);
  return batch;
}

const bare = (key: number, text: string): string => `{"id":${key},"text \\"quoted\\"":"${text}"}`;

test('types, replacements, deletes and the offset, all of it in one transaction', async () => {
  await using db = await createDatabase();
  const sink = sinkOn(db);
  assert.deepEqual(await sink.open(signal), []);
  await sink.prepareTopic('shop.things');
  const full = `{"id":1,"text \\"quoted\\"":"it's","at":1767225600123,"day":20454,"noon":43200001,"price":12.30,"raw":"AAH/","list":["a",null],"real":0.5}`;
  await sink.commit(
    batchOf(
      [
        [1, full],
        [2, bare(2, 'first')],
        [2, bare(2, 'second')],
        [3, bare(3, 'gone')],
        [3, null],
        [4, bare(4, 'back')],
        [4, null],
        [4, bare(4, 'again')],
      ],
      7,
    ),
  );
  assert.deepEqual(
    await db.query(
      `SELECT id, "text ""quoted""" AS t, at::text, day::text, noon::text, price::text, encode(raw, 'hex') AS raw, list, real FROM shop.things ORDER BY id`,
    ),
    [
      {
        id: '1',
        t: "it's",
        at: (await db.query<{ at: string }>(`SELECT timestamptz '2026-01-01 00:00:00.123Z'::text AS at`))[0]!.at,
        day: '2026-01-01',
        noon: '12:00:00.001',
        price: '12.30',
        raw: '0001ff',
        list: ['a', null],
        real: 0.5,
      },
      ...['second', 'again'].map((t, at) => ({
        id: at === 0 ? '2' : '4',
        t,
        at: null,
        day: null,
        noon: null,
        price: null,
        raw: null,
        list: null,
        real: null,
      })),
    ],
  );
  // What the database refuses leaves neither rows nor offset behind.
  await db.query('ALTER TABLE shop.things ADD CHECK (id < 100)');
  await assert.rejects(
    sink.commit(
      batchOf(
        [
          [5, bare(5, 'x')],
          [100, bare(100, 'x')],
        ],
        9,
      ),
    ),
    (error: ConnectError) => error.code === 'postgres.query',
  );
  assert.deepEqual(await db.query('SELECT 1 FROM shop.things WHERE id >= 5'), []);
  assert.deepEqual(await sink.open(signal), [{ partition: { task: 0 }, offset: { position: 7 } }]);
  await sink.close();
});

test('a run that has been overtaken can write no more', async () => {
  await using db = await createDatabase();
  const [old, young] = [sinkOn(db), sinkOn(db)];
  await old.open(signal);
  await old.prepareTopic('shop.things');
  await old.commit(batchOf([[1, '{"id":1}']], 1));
  assert.deepEqual(await young.open(signal), [{ partition: { task: 0 }, offset: { position: 1 } }]);
  await assert.rejects(old.commit(batchOf([[2, '{"id":2}']], 2)), (error: ConnectError) => error.code === 'postgres.fenced');
  assert.deepEqual(await db.query('SELECT id FROM shop.things'), [{ id: '1' }]);
  await young.prepareTopic('shop.things');
  await young.commit(batchOf([[3, '{"id":3}']], 3));
  await Promise.all([old.close(), young.close()]);
});

test('values that do not fit are not quoted in the error', async () => {
  await using db = await createDatabase();
  const sink = sinkOn(db);
  await sink.open(signal);
  await sink.prepareTopic('shop.things');
  await assert.rejects(sink.commit(batchOf([[1, '{"id":1,"price":"secret-value"}']], 1)), (error: ConnectError) => {
    assert.ok(!error.message.includes('secret-value') && error.cause === undefined);
    return error.remedy !== null;
  });
  await sink.close();
});
