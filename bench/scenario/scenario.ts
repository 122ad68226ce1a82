import type { Engine, ServerAddresses } from '../engine/engine.ts';
import { isCalledOff } from '../measure/leftovers.ts';
import type { Measurement, Role, RunResult } from '../measure/measurement.ts';

export interface ScenarioContext {
  readonly servers: ServerAddresses;
  /** For the files of the engines. */
  readonly folder: string;
  /** Those that take part. */
  readonly engines: readonly Engine[];
  /** Names of engines and limits that the user chose; empty: all. */
  readonly chosenEngines: readonly string[];
  /** Rows of the scenario, `full` scaled to what the user wants. */
  rows(full: number): number;
  /** Measured runs: what the user wants, else fewer for the slow ones, and `most` at most. */
  repeats(role: Role, most: number): number;
  readonly quick: boolean;
  readonly bigMegabytes: number;
  readonly idleMinutes: number;
  readonly say: (text: string) => void;
  readonly add: (measurement: Measurement) => void;
  /** A name for slot, publication, topics and databases that nothing else has. */
  uniqueName(part: string): string;
}

export interface Scenario {
  readonly name: string;
  /** What is measured, in one line. */
  readonly title: string;
  /** Only with `--all`, or when it is named. */
  readonly long?: boolean;
  run(context: ScenarioContext): Promise<void>;
}

export interface Attempt {
  readonly name: string;
  readonly title: string;
  readonly role: Role;
}

/** What an attempt tells as it goes, so that a failure keeps what there was. */
export interface AttemptLog {
  readonly runs: RunResult[];
  /** Results that belong under another scenario's name, measured with the same engine. */
  readonly also: Map<string, RunResult[]>;
  config: Readonly<Record<string, unknown>>;
  peakRssBytes: number | null;
}

/**
 * One engine, bounded in time, whose failure does not keep the others from their turn. `act` gets a signal that aborts when the
 * time is over; it must end what it started before it settles.
 */
export async function attempt(
  context: ScenarioContext,
  scenario: string,
  { name, title, role }: Attempt,
  act: (log: AttemptLog) => Promise<void>,
): Promise<void> {
  if (isCalledOff() || (context.chosenEngines.length > 0 && !context.chosenEngines.includes(name))) return;
  const log: AttemptLog = { runs: [], also: new Map(), config: {}, peakRssBytes: null };
  let failure: string | null = null;
  context.say(`${scenario} · ${title}`);
  try {
    await act(log);
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
    if (isCalledOff()) return;
    context.say(`  FAILED: ${failure}`);
  }
  const { config, peakRssBytes } = log;
  for (const [under, runs] of new Map([[scenario, log.runs], ...log.also]))
    context.add({ scenario: under, engine: name, title, role, config, runs, peakRssBytes, failure });
}

/** A line for whoever waits. */
export function tell(context: ScenarioContext, runs: RunResult[], result: RunResult): void {
  runs.push(result);
  const { rowsPerSecond, megabytesPerSecond, cpuPerMillion, latencyMs, seconds } = result;
  const cpu = cpuPerMillion?.['engine'];
  const parts = [
    rowsPerSecond === undefined ? `${seconds.toFixed(2)} s` : `${rowsPerSecond.toFixed(0)} rows/s`,
    megabytesPerSecond === undefined ? null : `${megabytesPerSecond.toFixed(1)} MB/s`,
    cpu === undefined ? null : `${cpu.toFixed(1)} CPU-s per million rows`,
    latencyMs === undefined ? null : `p50 ${latencyMs.p50.toFixed(1)} ms, p90 ${latencyMs.p90.toFixed(1)}, p99 ${latencyMs.p99.toFixed(1)}`,
  ];
  context.say(`  ${runs.length}: ${parts.filter((part) => part !== null).join(', ')}`);
}

/** Throws when what was measured was not right: a quick engine that loses rows has no rate. */
export function requireRight(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(`the records are not what the table holds:\n    ${problems.join('\n    ')}`);
}
