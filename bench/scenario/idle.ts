import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineStage } from '../engine/engine-stage.ts';
import { BenchDatabase, templateTable } from '../measure/bench-database.ts';
import { monotonicMs } from '../measure/monotonic.ts';
import { createTableSql } from '../table/table-model.ts';
import { taxiTable } from '../table/taxi-table.ts';
import type { Scenario, ScenarioContext } from './scenario.ts';
import { attempt } from './scenario.ts';
import { stageOf, warmUp } from './stage.ts';

const table = 'public.trips';
const busyTable = 'public.elsewhere';
const timeoutMs = 120_000;
const warmRows = 10_000;
const busyRowsPerSecond = 500;
const engineNames = new Set(['millrace', 'debezium-avro', 'debezium-avro-tuned']);

/**
 * The engine's table stands still while another one, which is not in its publication, is written to. Processor time of the
 * engine, and the log that its slot keeps on the server. Then its table moves again, and every record has to come.
 */
export const idle: Scenario = {
  name: 'idle',
  title: `nothing to do, while other tables of the database take ${busyRowsPerSecond} rows a second`,
  long: true,
  async run(context) {
    await using database = await BenchDatabase.create(context.servers.postgres, context.uniqueName('db'), taxiTable, warmRows);
    await database.client.query(createTableSql(table, taxiTable));
    await database.client.query(`CREATE TABLE ${busyTable} (LIKE ${table})`);
    for (const engine of context.engines.filter(({ name }) => engineNames.has(name))) {
      await attempt(context, 'idle', engine, async (log) => {
        await database.client.query(`TRUNCATE ${table}`);
        await using stage = await stageOf(context, engine, database, { tables: [table] });
        await stage.launch();
        log.config = { idleMinutes: context.idleMinutes, busyRowsPerSecond, ...stage.process.config };
        await stage.streaming();
        const capture = async (): Promise<void> => {
          await database.client.query(`TRUNCATE ${table}`);
          await warmUp(stage, database, table, warmRows, timeoutMs);
        };
        await capture();
        const extra = await standStill(context, stage, database);
        await capture();
        log.peakRssBytes = stage.peakRssBytes;
        log.runs.push({ seconds: extra.cpuSeconds, rows: 0, extra });
        const { cpuSeconds, walsenderCpuSeconds, idleSeconds, walWrittenMb, walKeptMb, walKeptMostMb } = extra;
        context.say(
          `  ${cpuSeconds.toFixed(2)} CPU-s in ${idleSeconds.toFixed(0)} s (walsender ${walsenderCpuSeconds.toFixed(2)}); ` +
            `of ${walWrittenMb.toFixed(1)} MB of WAL the slot keeps ${walKeptMb.toFixed(1)} MB, ${walKeptMostMb.toFixed(1)} MB at most`,
        );
      });
    }
  },
};

interface Standstill extends Readonly<Record<string, number>> {
  readonly idleSeconds: number;
  readonly cpuSeconds: number;
  readonly walsenderCpuSeconds: number;
  readonly walWrittenMb: number;
  /** At the end. */
  readonly walKeptMb: number;
  readonly walKeptMostMb: number;
}

async function standStill(context: ScenarioContext, stage: EngineStage, database: BenchDatabase): Promise<Standstill> {
  const { client } = database;
  await client.query(`TRUNCATE ${busyTable}`);
  const usage = stage.usageLog();
  const megabytes = async (since: string): Promise<number> =>
    Number(await database.value<string>(`SELECT (pg_current_wal_lsn() - ${since}) / 1e6 AS value`));
  const kept = (): Promise<number> => megabytes(`(SELECT restart_lsn FROM pg_replication_slots WHERE slot_name = '${stage.job.name}')`);
  const from = await database.value<string>('SELECT pg_current_wal_lsn()::text AS value');
  const fromMs = monotonicMs();
  const untilMs = fromMs + context.idleMinutes * 60_000;
  usage.note(fromMs);
  let walKeptMostMb = 0;
  for (let nowMs = fromMs; nowMs < untilMs; nowMs = monotonicMs()) {
    stage.process.requireRunning();
    await client.query(`INSERT INTO ${busyTable} SELECT * FROM ${templateTable} WHERE id <= ${busyRowsPerSecond}`);
    walKeptMostMb = Math.max(walKeptMostMb, await kept());
    await sleep(Math.max(0, Math.min(nowMs + 1000, untilMs) - monotonicMs()));
  }
  const endMs = monotonicMs();
  usage.note(endMs);
  const used = usage.between(fromMs, endMs);
  const walKeptMb = await kept();
  return {
    idleSeconds: (endMs - fromMs) / 1000,
    cpuSeconds: used['engine'] ?? Number.NaN,
    walsenderCpuSeconds: used['walsender'] ?? Number.NaN,
    walWrittenMb: await megabytes(`'${from ?? '0/0'}'::pg_lsn`),
    walKeptMb,
    walKeptMostMb: Math.max(walKeptMostMb, walKeptMb),
  };
}
