import type { EngineStage } from '../engine/engine-stage.ts';
import type { Engine } from '../engine/engine.ts';
import { produceReadyMade } from '../limit/ready-made-producer.ts';
import { WalsenderDrain } from '../limit/walsender-drain.ts';
import { BenchDatabase } from '../measure/bench-database.ts';
import { resultOfWhole } from '../measure/measurement.ts';
import type { RunProgress } from '../measure/run-progress.ts';
import { createTableSql } from '../table/table-model.ts';
import type { TableModel } from '../table/table-model.ts';
import { changeSql, loadSql } from '../table/load.ts';
import type { Scenario, ScenarioContext } from './scenario.ts';
import { attempt, requireRight, tell } from './scenario.ts';
import { stageOf } from './stage.ts';

export interface CatchUpOptions {
  readonly name: string;
  readonly title: string;
  readonly model: TableModel;
  readonly fullRows: number;
  readonly rowsPerTransaction: number;
  /** Instead of inserts: the backlog changes rows that came before it, with REPLICA IDENTITY FULL. One table only. */
  readonly changes?: 'u' | 'd';
  readonly tables?: { readonly full: number; readonly quick: number };
  readonly partitions?: number;
  readonly engines: (engine: Engine) => boolean;
  /** Also what Kafka takes at most, in records of this size. */
  readonly producedBytes?: number;
  /** Measured runs, unless the user wants another number. */
  readonly repeats?: number;
  readonly long?: boolean;
}

/** At the pace of the slowest, and some more. */
const timeoutMs = (rows: number): number => 100_000 + rows / 3;
/** A virtual machine of Java or JavaScript is slow until it has compiled what it runs: this many rows go before. */
const warmRowsMax = 100_000;
/** Of a transaction of the producer's limit: more gain nothing. */
const producedRows = 32_768;

/**
 * The engine runs and is warm. It is stopped in its tracks (SIGSTOP), rows are written, and it goes on (SIGCONT): from there to the
 * moment at which a read-committed consumer could see the last row.
 */
export function catchUp(options: CatchUpOptions): Scenario {
  return {
    name: options.name,
    title: options.title,
    long: options.long ?? false,
    async run(context) {
      const rows = context.rows(options.fullRows);
      context.say(`${options.name}: making ${rows} rows`);
      await using database = await BenchDatabase.create(context.servers.postgres, context.uniqueName('db'), options.model, rows);
      const partitions = options.partitions ?? 1;
      const tables = tableNames(options.tables?.[context.quick ? 'quick' : 'full'] ?? 1);
      for (const table of tables) {
        await database.client.query(createTableSql(table, options.model));
        if (options.changes !== undefined) await database.client.query(`ALTER TABLE ${table} REPLICA IDENTITY FULL`);
      }
      await drainFirst(context, options, database, tables);
      if (options.producedBytes !== undefined) await produceFirst(context, options.name, rows, options.producedBytes, tables.length);
      for (const engine of context.engines.filter(options.engines)) {
        await attempt(context, options.name, engine, async (log) => {
          await using stage = await stageOf(context, engine, database, { tables, partitions });
          await database.client.query(`TRUNCATE ${tables.join(', ')}`);
          const launchedMs = performance.now();
          await stage.launch();
          log.config = { rows, rowsPerTransaction: options.rowsPerTransaction, tables: tables.length, partitions, ...stage.process.config };
          await stage.streaming();
          context.say(`  streams ${((performance.now() - launchedMs) / 1000).toFixed(1)} s after its start`);
          const warmRows = Math.min(rows, warmRowsMax);
          const warm = await stage.run(warmRows, 'c', timeoutMs(warmRows), () => load(database, options, tables, warmRows));
          requireRight(warm.problems);
          if (options.changes !== undefined) await catchUpOnce(stage, database, options, tables, warmRows);
          const repeats = context.repeats(engine.role, options.repeats ?? 3);
          for (let repeat = 1; repeat <= repeats; repeat += 1) {
            const progress = await catchUpOnce(stage, database, options, tables, rows);
            log.peakRssBytes = stage.peakRssBytes;
            tell(context, log.runs, resultOfWhole(progress));
          }
        });
      }
    },
  };
}

async function catchUpOnce(
  stage: EngineStage,
  database: BenchDatabase,
  options: CatchUpOptions,
  tables: readonly string[],
  rows: number,
): Promise<RunProgress> {
  const { changes } = options;
  if (changes !== undefined) {
    const loaded = await stage.run(rows, 'c', timeoutMs(rows), () => load(database, options, tables, rows));
    requireRight(loaded.problems);
  }
  stage.process.freeze();
  if (changes === undefined) await load(database, options, tables, rows);
  else await change(database, options, changes, tables, rows);
  const progress = await stage.run(rows, changes ?? 'c', timeoutMs(rows), () => Promise.resolve(stage.process.thaw()));
  requireRight(progress.problems);
  return progress;
}

async function drainFirst(
  context: ScenarioContext,
  options: CatchUpOptions,
  database: BenchDatabase,
  tables: readonly string[],
): Promise<void> {
  const limit = { name: 'walsender', title: 'limit: the walsender drained', role: 'limit' as const };
  await attempt(context, options.name, limit, async (log) => {
    await using drain = await WalsenderDrain.start(database, context.folder, context.uniqueName('drain'), tables);
    log.config = { protocol: 'pgoutput, proto_version 1' };
    const rows = context.rows(options.fullRows);
    const repeats = context.repeats('limit', options.repeats ?? 3);
    for (let repeat = 0; repeat <= repeats; repeat += 1) {
      if (options.changes !== undefined) {
        const loaded = await drain.run(rows, timeoutMs(rows), () => load(database, options, tables, rows));
        requireRight(loaded.problems);
      }
      drain.process.freeze();
      if (options.changes === undefined) await load(database, options, tables, rows);
      else await change(database, options, options.changes, tables, rows);
      const progress = await drain.run(rows, timeoutMs(rows), () => drain.process.thaw());
      requireRight(progress.problems);
      // The first one warms it.
      if (repeat > 0) tell(context, log.runs, resultOfWhole(progress));
    }
  });
}

async function produceFirst(context: ScenarioContext, scenario: string, rows: number, valueBytes: number, topics: number): Promise<void> {
  const limit = { name: 'producer', title: 'limit: batches made beforehand', role: 'limit' as const };
  await attempt(context, scenario, limit, async (log) => {
    const made = { rows, valueBytes, commitRows: Math.min(rows, producedRows), topics };
    log.config = { ...made, transactions: true, compression: 'none' };
    const repeats = context.repeats('limit', 3);
    for (let repeat = 1; repeat <= repeats; repeat += 1) {
      const progress = await produceReadyMade(context.servers, context.folder, context.uniqueName('producer'), made);
      requireRight(progress.problems);
      tell(context, log.runs, resultOfWhole(progress));
    }
  });
}

async function load(database: BenchDatabase, options: CatchUpOptions, tables: readonly string[], rows: number): Promise<void> {
  await database.client.query(`TRUNCATE ${tables.join(', ')}`);
  await database.client.query(loadSql(tables, rows, options.rowsPerTransaction));
  await database.requireSameRows(tables, rows);
}

async function change(
  database: BenchDatabase,
  { model, rowsPerTransaction }: CatchUpOptions,
  op: 'u' | 'd',
  tables: readonly string[],
  rows: number,
): Promise<void> {
  const [table = ''] = tables;
  await database.client.query(changeSql(op, table, model, { rows, templateRows: database.digest.rows, rowsPerTransaction }));
  if (op === 'u') await database.requireUpdated(table, rows);
  else await database.requireSameRows([table], 0);
}

function tableNames(count: number): string[] {
  return count === 1 ? ['public.trips'] : Array.from({ length: count }, (_none, at) => `public.trips_${String(at).padStart(3, '0')}`);
}
