import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CommittedReader } from '../support/committed-reader.ts';
import { createDatabase } from '../support/database.ts';
import { uniqueName } from '../support/unique-name.ts';
import { WorkerProcess } from '../support/worker-process.ts';
import { connectionConfig } from '../support/worker-stage.ts';

const types = ['order', 'customer', 'invoice', 'parcel'];
const snapshotRows = 40;
const streamedRows = 400;

/** An outbox table through a real worker: snapshot, then a stream with transactions over all types, killed on the way. */
test('outbox: each event once, in order, on the topic of its type, across a kill', { timeout: 400_000 }, async () => {
  const prefix = uniqueName('outbox');
  await using db = await createDatabase();
  await db.query(`
    CREATE TABLE outbox (id bigserial PRIMARY KEY, aggregatetype text NOT NULL, aggregateid text NOT NULL, type text NOT NULL, payload text);
    CREATE TABLE plain (id int PRIMARY KEY);
  `);
  const insert = (from: number, to: number): string => `
    INSERT INTO outbox (aggregatetype, aggregateid, type, payload)
    SELECT (ARRAY['${types.join("','")}'])[1 + n % ${types.length}], n % 7, 'made', CASE WHEN n % 10 <> 0 THEN 'event ' || n END FROM generate_series(${from}, ${to}) n;`;
  await db.query(insert(1, snapshotRows));
  await using worker = await WorkerProcess.prepare([
    {
      name: prefix,
      config: {
        ...connectionConfig(db, prefix),
        'table.include.list': 'public.outbox,public.plain',
        'publication.autocreate.mode': 'filtered',
        'topic.creation.default.partitions': '1',
        'topic.creation.default.replication.factor': '1',
        transforms: 'outbox',
        'transforms.outbox.type': 'io.debezium.transforms.outbox.EventRouter',
        'transforms.outbox.table.field.event.key': 'aggregateid',
        'transforms.outbox.table.fields.additional.placement': 'type:header:eventType',
        'transforms.outbox.route.topic.replacement': `${prefix}.\${routedByValue}.events`,
        'transforms.outbox.route.tombstone.on.empty.payload': 'true',
        'transforms.outbox.predicate': 'isOutbox',
        predicates: 'isOutbox',
        'predicates.isOutbox.type': 'org.apache.kafka.connect.transforms.predicates.TopicNameMatches',
        'predicates.isOutbox.pattern': '.*\\.outbox',
      },
    },
  ]);
  await worker.start();
  const topics = types.map((type) => `${prefix}.${type}.events`);
  await using reader = await CommittedReader.open(topics);
  await reader.until(
    () => reader.records.length >= snapshotRows,
    () => 'the snapshot',
  );
  for (let from = snapshotRows + 1; from <= snapshotRows + streamedRows; from += 8) await db.query(insert(from, from + 7));
  await worker.kill('SIGKILL');
  await db.query("UPDATE outbox SET type = 'changed' WHERE id = 1; DELETE FROM outbox; INSERT INTO plain VALUES (1)");
  await worker.start();
  await using plain = await CommittedReader.open([`${prefix}.public.plain`]);
  await plain.until(
    () => plain.records.length >= 1,
    () => 'the row behind all events',
  );
  await reader.toEnd();

  const made = Array.from({ length: snapshotRows + streamedRows }, (_, at) => at + 1);
  for (const [at, type] of types.entries()) {
    const events = reader.records.filter(({ topic }) => topic === `${prefix}.${type}.events`);
    const expected = made.filter((n) => n % types.length === at);
    assert.deepEqual(
      events.map(({ key, value, headers }) => [key, value, headers['eventType']]),
      expected.map((n) => [String(n % 7), n % 10 === 0 ? null : `event ${n}`, 'made']),
      type,
    );
    assert.deepEqual(
      events.map(({ headers }) => headers['id']),
      expected.map(String),
    );
  }
});
