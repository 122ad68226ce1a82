import { BenchDatabase, templateTable } from '../measure/bench-database.ts';
import type { RunResult } from '../measure/measurement.ts';
import type { RunProgress } from '../measure/run-progress.ts';
import { createTableSql } from '../table/table-model.ts';
import { taxiTable } from '../table/taxi-table.ts';
import type { Scenario } from './scenario.ts';
import { measureFirstCopy } from './stage.ts';

const table = 'public.trips';
const rows = 1000;
const timeoutMs = 120_000;

/** Servers and topic are there: from the start of the engine's process to the first record that a consumer could see. */
export const start: Scenario = {
  name: 'start',
  title: 'start of the engine to its first record',
  async run(context) {
    await using database = await BenchDatabase.create(context.servers.postgres, context.uniqueName('db'), taxiTable, rows);
    await database.client.query(createTableSql(table, taxiTable));
    await database.client.query(`INSERT INTO ${table} SELECT * FROM ${templateTable}`);
    for (const engine of context.engines.filter((each) => each.name === 'millrace' || each.name === 'debezium-avro-tuned')) {
      const repeats = context.repeats(engine.role, 3);
      const result = ({ fromMs, firstMs }: RunProgress): RunResult => ({ seconds: (firstMs - fromMs) / 1000, rows });
      await measureFirstCopy(context, engine, database, { scenario: 'start', table, rows, repeats, timeoutMs, result });
    }
  },
};
