import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../src/embedded/cache.ts';
import { TupleView } from '../../src/record/tuple-view.ts';
import { rfc4180 } from '../../src/sources/csv/csv-dialect.ts';
import { fileStart } from '../../src/sources/csv/csv-reader-start.ts';
import { CsvReader, CsvStep } from '../../src/sources/csv/csv-reader.ts';
import { keep } from './bytes.ts';
import type { MicroBenchmark } from './micro-benchmark.ts';

const text = readFileSync(join(projectRoot, 'config', 'data', 'rides.csv'));
const file = text.subarray(text.indexOf('\n') + 1);
const rows = 750;

function readAll(): void {
  const tuple = new TupleView(18);
  const reader = new CsvReader(rfc4180, tuple, { ...fileStart, columns: 18 });
  reader.room(file.length).set(file);
  reader.filled(file.length);
  let found = 0;
  for (let step = reader.next(true); step !== CsvStep.MORE; step = reader.next(true)) if (step === CsvStep.ROW) found += 1;
  if (found !== rows) throw new Error(`${found} rows instead of ${rows}`);
  keep(found);
}

export const csvBenchmarks: readonly MicroBenchmark[] = [{ name: 'CSV reader, 18 columns', unit: 'row', units: rows, run: readAll }];
