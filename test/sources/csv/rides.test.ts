import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { formatColumns, type CsvColumn } from '../../../src/sources/csv/csv-columns.ts';
import { CsvFixture, CsvRun } from './csv-fixture.ts';

const sample = fileURLToPath(new URL('../../../config/data/rides.csv', import.meta.url));
const course = fileURLToPath(new URL('../../../../shared/data/rides.csv', import.meta.url));

const inferred: readonly CsvColumn[] = [
  ['VendorID', 'long'],
  ['tpep_pickup_datetime', 'timestamp'],
  ['tpep_dropoff_datetime', 'timestamp'],
  ['passenger_count', 'long'],
  ['trip_distance', 'double'],
  ['RatecodeID', 'long'],
  ['store_and_fwd_flag', 'string'],
  ['PULocationID', 'long'],
  ['DOLocationID', 'long'],
  ['payment_type', 'long'],
  ['fare_amount', 'double'],
  ['extra', 'double'],
  ['mta_tax', 'double'],
  ['tip_amount', 'double'],
  ['tolls_amount', 'double'],
  ['improvement_surcharge', 'double'],
  ['total_amount', 'double'],
  ['congestion_surcharge', 'double'],
].map(([name = '', type = '']) => ({ name, type, optional: name !== 'PULocationID' }));

/** Exact, in hundredths. */
function sum(run: CsvRun, name: string): number {
  const at = inferred.findIndex((column) => column.name === name);
  return run.out.rows.reduce((total, row) => total + Math.round(Number(row.cells[at]) * 100), 0) / 100;
}

test('the course rides are read whole', { skip: existsSync(course) ? false : 'the course file is not on this machine' }, async () => {
  using fixture = new CsvFixture();
  const run = new CsvRun(fixture.source({ file: course, 'key.fields': 'PULocationID' }));
  await run.until(() => run.out.rows.length >= 266);
  const [stored] = await run.stop();
  assert.equal(run.out.rows.length, 266);
  assert.deepEqual([sum(run, 'total_amount'), sum(run, 'trip_distance'), sum(run, 'passenger_count')], [5685.8, 1138.95, 343]);
  assert.equal(stored!.offset!['position'], 24_522);
  assert.equal(stored!.offset!['line'], 267);
  assert.equal(stored!.offset!['schema'], formatColumns(inferred));
});

test('the sample rides have the same columns, and their types are inferred', async () => {
  using fixture = new CsvFixture();
  const run = new CsvRun(fixture.source({ file: sample, 'key.fields': 'PULocationID' }));
  await run.until(() => run.out.rows.length >= 750);
  const [stored] = await run.stop();
  assert.equal(run.out.rows.length, 750);
  assert.equal(stored!.offset!['schema'], formatColumns(inferred));
});
