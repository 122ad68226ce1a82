import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CommittedReader } from '../support/committed-reader.ts';
import { createDatabase } from '../support/database.ts';
import { uniqueName } from '../support/unique-name.ts';
import { WorkerProcess } from '../support/worker-process.ts';
import { connectionConfig } from '../support/worker-stage.ts';

const partitions = 3;
const orders = 60;

/** `String.hashCode()`, made a partition as Debezium does. */
function partitionOf(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return (hash & 0x7fff_ffff) % partitions;
}

function predicate(name: string, pattern: string): Record<string, string> {
  return {
    [`predicates.${name}.type`]: 'org.apache.kafka.connect.transforms.predicates.TopicNameMatches',
    [`predicates.${name}.pattern`]: pattern,
  };
}

/** What only rows know, through a real worker, broker and registry: partitions, structures of JSON, values read again. */
test('rows choose their partition and their fields, and large values are filled from the table', { timeout: 400_000 }, async () => {
  const prefix = uniqueName('rows');
  await using db = await createDatabase();
  await db.query(`
    CREATE TABLE orders (id int PRIMARY KEY, region text NOT NULL, n int);
    CREATE TABLE outbox (id int PRIMARY KEY, aggregatetype text NOT NULL, aggregateid text NOT NULL, payload jsonb);
    CREATE TABLE docs (id int PRIMARY KEY, n int, body text);
    ALTER TABLE docs ALTER body SET STORAGE EXTERNAL;
    INSERT INTO orders SELECT n, 'region ' || n % 10, 0 FROM generate_series(1, ${orders}) n;
    INSERT INTO docs SELECT n, 0, repeat('x', 3000) || n FROM generate_series(1, 20) n;`);
  await using worker = await WorkerProcess.prepare([
    {
      name: prefix,
      config: {
        ...connectionConfig(db, prefix),
        'table.include.list': 'public.orders,public.outbox,public.docs',
        'topic.creation.default.partitions': String(partitions),
        'topic.creation.default.replication.factor': '1',
        'post.processors': 'reselector',
        'post.processors.reselector.type': 'io.debezium.processors.reselect.ReselectColumnsPostProcessor',
        'post.processors.reselector.reselect.columns.include.list': 'public.docs:body',
        transforms: 'decode,outbox,partition',
        'transforms.decode.type': 'io.debezium.connector.postgresql.transforms.DecodeLogicalDecodingMessageContent',
        'transforms.outbox.type': 'io.debezium.transforms.outbox.EventRouter',
        'transforms.outbox.table.expand.json.payload': 'true',
        'transforms.outbox.route.topic.replacement': `${prefix}.\${routedByValue}`,
        'transforms.outbox.predicate': 'isEvent',
        'transforms.partition.type': 'io.debezium.transforms.partitions.PartitionRouting',
        'transforms.partition.partition.payload.fields': 'change.region',
        'transforms.partition.partition.topic.num': String(partitions),
        'transforms.partition.predicate': 'isOrder',
        predicates: 'isEvent,isOrder',
        ...predicate('isEvent', '.*\\.(outbox|message)'),
        ...predicate('isOrder', '.*\\.orders'),
      },
    },
  ]);
  await worker.start();
  const [orderTopic, docTopic, eventTopic] = [`${prefix}.public.orders`, `${prefix}.public.docs`, `${prefix}.Order`];
  await using snapshot = await CommittedReader.open([docTopic]);
  await snapshot.until(
    () => snapshot.records.length >= 20,
    () => 'the snapshot',
  );
  await db.query(`
    UPDATE orders SET n = 1; DELETE FROM orders WHERE id <= 5;
    UPDATE docs SET n = 1;
    INSERT INTO outbox SELECT n, 'Order', n::text, CASE n % 3 WHEN 0 THEN '{"total": 3, "lines": [{"n": 1}, {"n": 2}]}' WHEN 1 THEN '{"total": 4}' END::jsonb
      FROM generate_series(1, 9) n;
    SELECT pg_logical_emit_message(true, 'outbox', '{"id": "m", "aggregatetype": "Order", "aggregateid": "10", "payload": {"by": {"message": true}}}')`);
  await using reader = await CommittedReader.open([orderTopic, docTopic, eventTopic]);
  await reader.until(
    () => reader.records.some(({ topic, key }) => topic === eventTopic && key === '10'),
    () => 'the message, which comes last',
  );
  await reader.toEnd();

  const routed = reader.records.filter(({ topic, rawValue }) => topic === orderTopic && rawValue !== null);
  assert.equal(routed.length, orders * 2 + 5);
  for (const { partition, value } of routed) {
    const { before, after } = value as { before: { region: string } | null; after: { region: string } | null };
    // The old row of a delete holds its key alone: no region, so that the key decides.
    if (after !== null) assert.equal(partition, partitionOf(after.region), after.region);
    else assert.notEqual(before, null);
  }
  assert.equal(new Set(routed.map(({ partition }) => partition)).size, partitions, 'every partition has some');

  const filled = reader.records.filter(({ topic }) => topic === docTopic).map(({ value }) => value as { op: string; after: Doc });
  assert.equal(filled.length, 40);
  for (const { op, after } of filled) assert.deepEqual([op, after.body], [after.n === 0 ? 'r' : 'u', `${'x'.repeat(3000)}${after.id}`]);

  const events = reader.records.filter(({ topic }) => topic === eventTopic);
  assert.deepEqual(
    Object.fromEntries(events.map(({ key, value }) => [key, value === null ? null : (JSON.parse(JSON.stringify(value)) as unknown)])),
    Object.fromEntries([
      ...Array.from({ length: 9 }, (_each, at) => {
        const n = at + 1;
        return [String(n), n % 3 === 0 ? { total: 3, lines: [{ n: 1 }, { n: 2 }] } : n % 3 === 1 ? { total: 4 } : null];
      }),
      ['10', { by: { message: true } }],
    ]),
  );
  assert.deepEqual(events.find(({ key }) => key === '10')?.headers['id'], 'm');
});

interface Doc {
  readonly id: number;
  readonly n: number;
  readonly body: string;
}
