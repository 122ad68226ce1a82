import { EngineStage } from '../engine/engine-stage.ts';
import type { StageOptions } from '../engine/engine-stage.ts';
import type { Engine } from '../engine/engine.ts';
import type { BenchDatabase } from '../measure/bench-database.ts';
import type { RunResult } from '../measure/measurement.ts';
import type { RunProgress } from '../measure/run-progress.ts';
import { loadSql } from '../table/load.ts';
import type { ScenarioContext } from './scenario.ts';
import { attempt, requireRight, tell } from './scenario.ts';

/** A stage with a name of its own; the engine does not run yet. */
export function stageOf(
  context: ScenarioContext,
  engine: Engine,
  database: BenchDatabase,
  layout: Pick<StageOptions, 'tables' | 'latency'> & { readonly partitions?: number },
): Promise<EngineStage> {
  const { servers, folder } = context;
  const name = context.uniqueName(engine.name.replaceAll('-', '_'));
  return EngineStage.prepare({ partitions: 1, ...layout, engine, database, servers, folder, name });
}

/** `rows` rows through a running engine, checked; what it takes is not counted. */
export async function warmUp(stage: EngineStage, database: BenchDatabase, table: string, rows: number, timeoutMs: number): Promise<void> {
  const { problems } = await stage.run(rows, 'c', timeoutMs, async () => {
    await database.client.query(loadSql([table], rows, 1000));
  });
  requireRight(problems);
}

export interface FirstCopy {
  readonly scenario: string;
  readonly table: string;
  /** That the table holds. */
  readonly rows: number;
  readonly repeats: number;
  readonly timeoutMs: number;
  readonly result: (progress: RunProgress) => RunResult;
}

/** Starts the engine beside a full table, as often as wanted, each time as if it had never run. */
export async function measureFirstCopy(
  context: ScenarioContext,
  engine: Engine,
  database: BenchDatabase,
  { scenario, table, rows, repeats, timeoutMs, result }: FirstCopy,
): Promise<void> {
  await attempt(context, scenario, engine, async (log) => {
    for (let repeat = 1; repeat <= repeats; repeat += 1) {
      await using stage = await stageOf(context, engine, database, { tables: [table] });
      const progress = await stage.run(rows, 'r', timeoutMs, () => stage.launch());
      requireRight(progress.problems);
      log.config = stage.process.config;
      log.peakRssBytes = Math.max(log.peakRssBytes ?? 0, stage.peakRssBytes);
      tell(context, log.runs, result(progress));
    }
  });
}
