import { taxiTable } from '../table/taxi-table.ts';
import { catchUp } from './catch-up.ts';

export const streaming = catchUp({
  name: 'streaming',
  title: 'catching up with a backlog: taxi trips, transactions of 1,000 rows',
  model: taxiTable,
  fullRows: 300_000,
  rowsPerTransaction: 1000,
  engines: ({ name }) => name !== 'debezium-avro-latency',
  // About what a change of this table takes in Avro.
  producedBytes: 300,
});

export const singleRows = catchUp({
  name: 'single-rows',
  title: 'catching up with a backlog: taxi trips, transactions of one row',
  model: taxiTable,
  fullRows: 100_000,
  rowsPerTransaction: 1,
  engines: ({ name }) => ['millrace', 'debezium-avro', 'debezium-avro-tuned', 'plain'].includes(name),
});

/** The rate to compare with is that of `streaming`: one table, one partition. */
export const manyTables = catchUp({
  name: 'tables-500',
  title: 'catching up: the same rows in 500 tables with a topic each, 50 tables in a transaction',
  model: taxiTable,
  fullRows: 200_000,
  rowsPerTransaction: 1000,
  repeats: 2,
  tables: { full: 500, quick: 50 },
  engines: ({ name }) => ['millrace', 'debezium-avro-tuned'].includes(name),
});

export const manyPartitions = catchUp({
  name: 'partitions-100',
  title: 'catching up: one table into 100 partitions',
  model: taxiTable,
  fullRows: 200_000,
  rowsPerTransaction: 1000,
  repeats: 2,
  partitions: 100,
  engines: ({ name }) => ['millrace', 'debezium-avro-tuned'].includes(name),
});
