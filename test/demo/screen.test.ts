import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { drawScreen, recordLine, summaryLines } from '../../src/demo/screen.ts';
import type { ScreenState } from '../../src/demo/screen.ts';
import { Statistics } from '../../src/demo/statistics.ts';

const topics = ['taxi.public.trips', 'rides'];

function stateWith(statistics: Statistics): ScreenState {
  return {
    addresses: {
      kafka: '127.0.0.1:9092',
      registry: 'http://127.0.0.1:8081',
      postgres: 'postgres://127.0.0.1:5432/taxi',
      rest: 'http://127.0.0.1:8083',
    },
    statistics,
    topics,
    partitionsOf: (topic) => (topic === 'rides' ? 3 : null),
    connectors: 'taxi RUNNING, rides RUNNING',
    nowMs: 63_000,
  };
}

function sample(): Statistics {
  const statistics = new Statistics(topics);
  const values = [
    { name: 'status', text: 'requested→riding' },
    { name: 'note', text: 'x'.repeat(200) },
    { name: 'cab', text: '7' },
  ];
  statistics.add({ topic: 'taxi.public.trips', operation: 'update', key: 'id=7', values }, 61_250);
  statistics.add({ topic: 'taxi.public.trips', operation: 'tombstone', key: 'id=8', values: [] }, 61_300);
  statistics.add({ topic: 'rides', operation: 'row', key: 'PULocationID=151', values: [{ name: 'fare', text: '12.5' }] }, 62_000);
  return statistics;
}

test('a picture of 100 columns: addresses, counts, then the records with what fits of their values', () => {
  assert.deepEqual(drawScreen(stateWith(sample()), 100, 20, false), [
    'Millrace demo   01:03.0   3 records   2 rows/s',
    '',
    'Kafka       127.0.0.1:9092',
    'Registry    http://127.0.0.1:8081',
    'Postgres    postgres://127.0.0.1:5432/taxi',
    'REST        http://127.0.0.1:8083/connectors',
    'Connectors  taxi RUNNING, rides RUNNING',
    '',
    'TOPIC              PARTITIONS    RECORDS   ROWS/S',
    'taxi.public.trips           -          2      1.1',
    'rides                       3          1      0.6',
    '',
    'TIME     TOPIC              OPERATION  KEY               VALUES',
    '01:01.2  taxi.public.trips  update     id=7              status=requested→riding cab=7 +1',
    '01:01.3  taxi.public.trips  tombstone  id=8              (no value: marks the key as gone)',
    '01:02.0  rides              row        PULocationID=151  fare=12.5',
    '',
    '',
    '',
    'Ctrl-C ends everything; the next start goes on from here, --fresh starts anew.',
  ]);
});

test('on a narrow terminal a topic goes by its last part', () => {
  const lines = drawScreen(stateWith(sample()), 80, 20, false);
  assert.equal(lines[13], '01:01.2  trips  update     id=7              status=requested→riding cab=7 +1');
});

test('before the first record it says what it waits for', () => {
  assert.ok(drawScreen(stateWith(new Statistics(topics)), 80, 24, false).includes('Waiting for the first record ...'));
});

test('it never is larger than the terminal, and colours change nothing but the colour', () => {
  const value = fc.record({ name: fc.string({ maxLength: 30 }), text: fc.string({ maxLength: 60 }) });
  const record = fc.record({
    topic: fc.constantFrom(...topics),
    operation: fc.constantFrom('insert', 'update', 'delete', 'snapshot', 'row', 'tombstone'),
    key: fc.string({ maxLength: 40 }),
    values: fc.array(value, { maxLength: 20 }),
  });
  fc.assert(
    fc.property(
      fc.array(record, { maxLength: 70 }),
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 60 }),
      (records, columns, rows) => {
        const statistics = new Statistics(topics);
        for (const [at, each] of records.entries()) statistics.add(each, at * 10);
        const plain = drawScreen(stateWith(statistics), columns, rows, false);
        assert.ok(plain.length <= rows);
        for (const line of plain) assert.ok(line.length <= columns, line);
        const coloured = drawScreen(stateWith(statistics), columns, rows, true);
        assert.deepEqual(coloured.map(stripVTControlCharacters), plain);
      },
    ),
  );
});

test('a record in a log is one line with everything', () => {
  const [record] = sample().latest(3);
  assert.ok(record);
  assert.equal(
    recordLine(record, 17),
    `01:01.2  taxi.public.trips  update     id=7  status=requested→riding note=${'x'.repeat(200)} cab=7`,
  );
});

test('the summary says how many arrived where', () => {
  assert.deepEqual(summaryLines(stateWith(sample())), [
    '3 records arrived, the first one after 61.3 s, 3 rows/s since then:',
    '  taxi.public.trips  2',
    '  rides              1  on 3 partitions',
  ]);
  assert.deepEqual(summaryLines(stateWith(new Statistics(topics))), ['No record arrived in this time.']);
});
