import { randomBytes } from 'node:crypto';
import { cacheDirectory } from '../src/embedded/cache.ts';
import type { BenchOptions } from './bench-options.ts';
import { BenchServers, postgresSettings } from './bench-servers.ts';
import type { Engine } from './engine/engine.ts';
import { debeziumEngines } from './engine/debezium.ts';
import { millraceEngines } from './engine/millrace.ts';
import { plainEngine } from './engine/plain.ts';
import { isCalledOff } from './measure/leftovers.ts';
import type { Measurement } from './measure/measurement.ts';
import { compareWithBaseline } from './micro/compare.ts';
import { machine } from './report/machine.ts';
import { updateReadme } from './report/readme-table.ts';
import { saveResult } from './report/result-file.ts';
import { resultTable } from './report/result-table.ts';
import type { Scenario, ScenarioContext } from './scenario/scenario.ts';
import { bigTransaction } from './scenario/big-transaction.ts';
import { csv, generator } from './scenario/file-sources.ts';
import { latency, latencyMany, latencyOne } from './scenario/latency.ts';
import { idle } from './scenario/idle.ts';
import { snapshot } from './scenario/snapshot.ts';
import { start } from './scenario/start.ts';
import { longStreaming, manyPartitions, manyTables, singleRows, streaming } from './scenario/streaming.ts';

export const engines: readonly Engine[] = [...millraceEngines, ...debeziumEngines, plainEngine];
export const scenarios: readonly Scenario[] = [
  streaming,
  singleRows,
  snapshot,
  latency,
  bigTransaction,
  manyTables,
  manyPartitions,
  start,
  csv,
  generator,
  ...longStreaming,
  latencyOne,
  latencyMany,
  idle,
];
/** One of each kind: a Java engine takes ten seconds to start. */
const quickEngines: ReadonlySet<string> = new Set([
  'millrace',
  'millrace-again',
  'millrace-json',
  'debezium-avro-tuned',
  'debezium-avro-latency',
  'plain',
]);
/** Not engines, but lines that can be chosen like them. */
export const limits = ['walsender', 'copy', 'producer'] as const;

/** Those that were named; else all but the long list, unless that is wanted too. */
export function chosenScenarios(options: Pick<BenchOptions, 'scenarios' | 'all'>): Scenario[] {
  return scenarios.filter(({ name, long }) =>
    options.scenarios.length === 0 ? options.all || long !== true : options.scenarios.includes(name),
  );
}

/** Runs what was chosen, and resolves with the exit code: 0 only when everything was measured and found right. */
export async function bench(options: BenchOptions, say: (text: string) => void): Promise<number> {
  if (options.readme) {
    say(updateReadme());
    return 0;
  }
  if (options.compare) return await compareWithBaseline(options.saveBaseline, say);
  const about = machine();
  if (about.loadBefore > 1) say(`This machine is busy (load ${about.loadBefore}): rates and latencies will be worse than they are.`);
  const chosen = chosenScenarios(options);
  const usual = options.quick ? engines.filter(({ name }) => quickEngines.has(name)) : engines;
  const chosenEngines = options.engines.length === 0 ? usual : engines.filter(({ name }) => options.engines.includes(name));
  for (const engine of chosenEngines) await engine.prepare(say);
  const measurements: Measurement[] = [];
  const failures: string[] = [];
  await using servers = await BenchServers.start(cacheDirectory(), options, say);
  const run = randomBytes(3).toString('hex');
  let names = 0;
  const context: ScenarioContext = {
    servers: servers.addresses,
    folder: servers.folder,
    engines: chosenEngines,
    chosenEngines: options.engines,
    rows: (full) => options.rows ?? (options.quick ? Math.ceil(full / 10) : full),
    repeats: (role, most) => options.repeats ?? (options.quick ? 1 : Math.min(most, role === 'ours' || role === 'limit' ? 3 : 2)),
    quick: options.quick,
    bigMegabytes: options.bigMegabytes ?? (options.quick ? 16 : 64),
    idleMinutes: options.idleMinutes ?? (options.quick ? 0.2 : 10),
    say,
    add: (measurement) => measurements.push(measurement),
    uniqueName: (part) => `bench_${run}_${(names += 1)}_${part}`,
  };
  for (const scenario of chosen) {
    if (isCalledOff()) return 1;
    say(`\n── ${scenario.name}: ${scenario.title} ──`);
    try {
      await scenario.run(context);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      failures.push(`${scenario.name}: ${reason}`);
      say(`  FAILED: ${reason}`);
    }
  }
  if (isCalledOff()) return 1;
  if (measurements.length === 0 && failures.length === 0) {
    say('Nothing was measured: none of the chosen engines takes part in the chosen scenarios (see bench/README.md).');
    return 1;
  }
  say(`\n${resultTable(measurements)}`);
  const result = {
    date: new Date().toISOString(),
    label: options.label ?? (options.quick ? 'quick' : 'full'),
    command: options.command,
    machine: about,
    postgres: options.postgres === undefined ? postgresSettings : null,
    measurements,
    failures,
  };
  if (options.save && measurements.length > 0) say(`\nSaved as ${await saveResult(result)}.{json,md,svg}`);
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  return failures.length > 0 || measurements.some((measurement) => measurement.failure !== null) ? 1 : 0;
}
