import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { EngineStage } from '../engine/engine-stage.ts';
import { BenchDatabase } from '../measure/bench-database.ts';
import type { RunResult } from '../measure/measurement.ts';
import { monotonicMs } from '../measure/monotonic.ts';
import { quantile } from '../measure/statistics.ts';
import { createTableSql } from '../table/table-model.ts';
import { taxiTable } from '../table/taxi-table.ts';
import type { FetchedRecord } from '../../src/kafka/record-batch-reader.ts';
import type { LatencyWriterAnswer, LatencyWriterTask } from './latency-writer-main.ts';
import type { Scenario, ScenarioContext } from './scenario.ts';
import { attempt, requireRight, tell } from './scenario.ts';
import { stageOf, warmUp } from './stage.ts';
import { writeSteadily } from './steady-writer.ts';

const table = 'public.trips';
const warmRows = 30_000;
const timeoutMs = 120_000;
const fetchWaitMs = 100;
/** Beyond this the rows are written by a loop in Postgres. */
const threadRateMax = 1000;
const engineNames = new Set(['millrace', 'debezium-avro', 'debezium-avro-tuned', 'debezium-avro-latency', 'plain']);

/**
 * Single-row transactions at a steady rate, one after the other on some connections; a consumer that reads committed records
 * waits at the end of the topic. Measured from the moment at which the writer knew of its commit to the record's arrival.
 */
const latencyAt = (
  name: string,
  rates: readonly [number, ...number[]],
  { long, seconds: { full, quick } }: { readonly long: boolean; readonly seconds: { readonly full: number; readonly quick: number } },
): Scenario => ({
  name,
  title: `commit to read-committed consumer, at ${rates.join(' and ')} transactions a second`,
  long,
  async run(context) {
    const seconds = context.quick ? quick : full;
    const rowsMax = Math.max(warmRows, ...rates.map((rate) => rate * seconds));
    await using database = await BenchDatabase.create(context.servers.postgres, context.uniqueName('db'), taxiTable, rowsMax);
    await database.client.query(createTableSql(table, taxiTable));
    for (const engine of context.engines.filter((each) => engineNames.has(each.name))) {
      await attempt(context, `latency-${rates[0]}`, engine, async (log) => {
        await database.client.query(`TRUNCATE ${table}`);
        await using stage = await stageOf(context, engine, database, { tables: [table], latency: true });
        await stage.launch();
        log.config = stage.process.config;
        await stage.streaming();
        await warmUp(stage, database, table, warmRows, timeoutMs);
        for (const rate of rates) {
          const runs = rate === rates[0] ? log.runs : [];
          if (rate !== rates[0]) log.also.set(`latency-${rate}`, runs);
          // The first second of a rate is a warm-up of its own.
          for (const runSeconds of [1, ...Array<number>(context.repeats(engine.role, 1)).fill(seconds)]) {
            await database.client.query(`TRUNCATE ${table}`);
            const result = await measure(context, stage, database, rate, rate * runSeconds);
            if (runSeconds > 1) tell(context, runs, result);
          }
        }
        log.peakRssBytes = stage.peakRssBytes;
      });
    }
  },
});

export const latency = latencyAt('latency', [50, 1000], { long: false, seconds: { full: 8, quick: 3 } });
/** Few samples: a minute of them. */
export const latencyOne = latencyAt('latency-1', [1], { long: true, seconds: { full: 60, quick: 5 } });
export const latencyMany = latencyAt('latency-5000', [5000], { long: true, seconds: { full: 8, quick: 3 } });

async function measure(
  context: ScenarioContext,
  stage: EngineStage,
  database: BenchDatabase,
  perSecond: number,
  rows: number,
): Promise<RunResult> {
  const arrivals: { readonly record: FetchedRecord; readonly atMs: number }[] = [];
  const positions = await stage.topics.ends();
  const [topic = ''] = stage.topics.topics;
  const task: LatencyWriterTask = { url: database.url, table, perSecond, rows };
  const fromMs = monotonicMs();
  const writer = perSecond > threadRateMax ? null : new Worker(join(import.meta.dirname, 'latency-writer-main.ts'), { workerData: task });
  const answered =
    writer === null ? writeSteadily(database, task) : once(writer, 'message').then(([answer]) => answer as LatencyWriterAnswer);
  // Whoever waits for the rows hears of it first.
  answered.catch(() => undefined);
  try {
    while (arrivals.length < rows) {
      if (monotonicMs() - fromMs > timeoutMs) throw new Error(`timed out with ${arrivals.length} of ${rows} rows`);
      stage.process.requireRunning();
      await stage.topics.follow(topic, positions, fetchWaitMs, (record) => arrivals.push({ record, atMs: monotonicMs() }));
    }
    const { sentMs, committedMs } = await answered;
    const writtenPerSecond = rows / ((Math.max(...committedMs) - (sentMs[1] ?? Number.NaN)) / 1000);
    if (writtenPerSecond < perSecond * 0.95 && rows > perSecond)
      context.say(`  Postgres took ${writtenPerSecond.toFixed(0)} transactions a second, not ${perSecond}`);
    await database.requireSameRows([table], rows);
    const arrivedMs = await checkArrivals(stage, rows, arrivals);
    const since = (moments: Float64Array): number[] =>
      Array.from({ length: rows }, (_none, index) => Math.max(0, (arrivedMs[index + 1] ?? 0) - (moments[index + 1] ?? 0)));
    const afterCommit = since(committedMs);
    const afterSend = since(sentMs);
    return {
      seconds: (monotonicMs() - fromMs) / 1000,
      rows,
      latencyMs: {
        p50: quantile(afterCommit, 0.5),
        p90: quantile(afterCommit, 0.9),
        p99: quantile(afterCommit, 0.99),
        max: Math.max(...afterCommit),
      },
      extra: { fromSendP50Ms: quantile(afterSend, 0.5), fromSendP99Ms: quantile(afterSend, 0.99), perSecond, writtenPerSecond },
    };
  } finally {
    await (writer === null ? answered.catch(() => undefined) : writer.terminate());
    context.say(`  ${arrivals.length} records came`);
  }
}

/** Decodes what came, holds it against the table, and tells when each row came. */
async function checkArrivals(
  stage: EngineStage,
  rows: number,
  arrivals: readonly { readonly record: FetchedRecord; readonly atMs: number }[],
): Promise<Float64Array> {
  const check = stage.checkOf(rows, 'c');
  const ids = await check.take(
    stage.topics.topics[0] ?? '',
    arrivals.map(({ record }) => record),
  );
  requireRight(check.problems());
  const arrivedMs = new Float64Array(rows + 1);
  ids.forEach((id, index) => {
    arrivedMs[id] = arrivals[index]?.atMs ?? Number.NaN;
  });
  return arrivedMs;
}
