import { EngineStage } from '../engine/engine-stage.ts';
import { BenchDatabase, templateTable } from '../measure/bench-database.ts';
import { createTableSql } from '../table/table-model.ts';
import { taxiTable } from '../table/taxi-table.ts';
import type { Scenario } from './scenario.ts';
import { attempt, requireRight, tell } from './scenario.ts';

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
      await attempt(context, 'start', engine, async (log) => {
        const repeats = context.repeats(engine.role, 3);
        for (let repeat = 1; repeat <= repeats; repeat += 1) {
          await using stage = await EngineStage.prepare({
            engine,
            database,
            servers: context.servers,
            folder: context.folder,
            name: context.uniqueName(engine.name.replaceAll('-', '_')),
            tables: [table],
            partitions: 1,
          });
          const progress = await stage.run(rows, 'r', timeoutMs, () => stage.launch());
          requireRight(progress.problems);
          log.config = stage.process.config;
          log.peakRssBytes = Math.max(log.peakRssBytes ?? 0, stage.peakRssBytes);
          tell(context, log.runs, { seconds: (progress.firstMs - progress.fromMs) / 1000, rows });
        }
      });
    }
  },
};
