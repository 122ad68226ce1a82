import { copyToNowhere } from '../limit/copy-drain.ts';
import { BenchDatabase, templateTable } from '../measure/bench-database.ts';
import { resultAfterFirst, resultOfWhole } from '../measure/measurement.ts';
import { createTableSql } from '../table/table-model.ts';
import { taxiTable } from '../table/taxi-table.ts';
import type { Scenario } from './scenario.ts';
import { attempt, requireRight, tell } from './scenario.ts';
import { measureFirstCopy } from './stage.ts';

const table = 'public.trips';

/** A start with a full table: from the first rows that a consumer could see to the last. The engine's own start is not in it. */
export const snapshot: Scenario = {
  name: 'snapshot',
  title: 'the first copy of a table of taxi trips',
  async run(context) {
    const rows = context.rows(300_000);
    // At the pace of the slowest, and some more.
    const timeoutMs = 120_000 + rows / 5;
    context.say(`snapshot: making ${rows} rows`);
    await using database = await BenchDatabase.create(context.servers.postgres, context.uniqueName('db'), taxiTable, rows);
    await database.client.query(createTableSql(table, taxiTable));
    await database.client.query(`INSERT INTO ${table} SELECT * FROM ${templateTable}`);
    await database.client.query(`ANALYZE ${table}`);
    await database.requireSameRows([table], rows);

    await attempt(context, 'snapshot', { name: 'copy', title: 'limit: COPY to nowhere', role: 'limit' }, async (log) => {
      log.config = { command: `COPY (SELECT * FROM ${table}) TO STDOUT` };
      // The first one brings the table into the server's memory.
      const repeats = context.repeats('limit', 3);
      for (let repeat = 0; repeat <= repeats; repeat += 1) {
        const progress = await copyToNowhere(database, context.folder, table, rows, timeoutMs);
        requireRight(progress.problems);
        if (repeat > 0) tell(context, log.runs, resultOfWhole(progress));
      }
    });
    for (const engine of context.engines.filter((each) => each.takesSnapshots && each.name !== 'debezium-avro-latency')) {
      const repeats = context.repeats(engine.role, engine.role === 'ours' ? 2 : 1);
      await measureFirstCopy(context, engine, database, {
        scenario: 'snapshot',
        table,
        rows,
        repeats,
        timeoutMs,
        result: resultAfterFirst,
      });
    }
  },
};
