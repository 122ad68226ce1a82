import { jsonTable } from '../table/json-table.ts';
import { narrowTable } from '../table/narrow-table.ts';
import type { TableModel } from '../table/table-model.ts';
import { taxiTable } from '../table/taxi-table.ts';
import { wideTable } from '../table/wide-table.ts';
import { catchUp } from './catch-up.ts';
import type { CatchUpOptions } from './catch-up.ts';
import type { Scenario } from './scenario.ts';

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
  producedBytes: 300,
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

type LongOptions = Partial<CatchUpOptions> & Pick<CatchUpOptions, 'name' | 'title'>;

const long = (options: LongOptions): Scenario =>
  catchUp({
    model: taxiTable,
    fullRows: 200_000,
    rowsPerTransaction: 1000,
    repeats: 2,
    engines: ({ name }) => ['millrace', 'debezium-avro', 'debezium-avro-tuned'].includes(name),
    long: true,
    ...options,
  });
const ofTable = (name: string, model: TableModel, fullRows: number): Scenario =>
  long({ name, title: `catching up: ${model.title}`, model, fullRows });

/** Each is `streaming` with one thing changed. */
export const longStreaming: readonly Scenario[] = [
  long({ name: 'transactions-10', title: 'catching up: taxi trips, transactions of 10 rows', rowsPerTransaction: 10 }),
  long({ name: 'transactions-100000', title: 'catching up: taxi trips, transactions of 100,000 rows', rowsPerTransaction: 100_000 }),
  ofTable('narrow', narrowTable, 300_000),
  ofTable('wide', wideTable, 50_000),
  ofTable('big-values', jsonTable, 20_000),
  long({ name: 'updates', title: 'catching up with updates of every column, REPLICA IDENTITY FULL', changes: 'u', fullRows: 100_000 }),
  long({
    name: 'deletes',
    title: 'catching up with deletes, REPLICA IDENTITY FULL, a tombstone behind each',
    changes: 'd',
    fullRows: 100_000,
  }),
  long({ name: 'tables-10', title: 'catching up: the same rows in 10 tables, all in every transaction', tables: { full: 10, quick: 10 } }),
  long({ name: 'partitions-12', title: 'catching up: one table into 12 partitions', partitions: 12 }),
];
