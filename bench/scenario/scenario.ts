import type { Engine, ServerAddresses } from '../engine/engine.ts';
import type { Measurement, Role, RunResult } from '../measure/measurement.ts';

export interface ScenarioContext {
  readonly servers: ServerAddresses;
  /** For the files of the engines. */
  readonly folder: string;
  readonly engines: readonly Engine[];
  /** What the user chose; empty: all. */
  readonly chosenEngines: readonly string[];
  /** Rows of the scenario, `full` scaled to what the user wants. */
  rows(full: number): number;
  readonly repeats: number;
  readonly quick: boolean;
  readonly bigMegabytes: number;
  readonly say: (text: string) => void;
  readonly add: (measurement: Measurement) => void;
  /** A name for slot, publication, topics and databases that nothing else has. */
  uniqueName(part: string): string;
}

export interface Scenario {
  readonly name: string;
  /** What is measured, in one line. */
  readonly title: string;
  run(context: ScenarioContext): Promise<void>;
}

export interface Attempt {
  readonly name: string;
  readonly title: string;
  readonly role: Role;
}

export interface AttemptOutcome {
  readonly runs: readonly RunResult[];
  readonly peakRssBytes: number | null;
  readonly config: Readonly<Record<string, unknown>>;
}

/** What an attempt tells as it goes, so that a failure keeps what there was. */
export interface AttemptLog {
  readonly runs: RunResult[];
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
  if (context.chosenEngines.length > 0 && !context.chosenEngines.includes(name)) return;
  const log: AttemptLog = { runs: [], config: {}, peakRssBytes: null };
  let failure: string | null = null;
  context.say(`${scenario} · ${title}`);
  try {
    await act(log);
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
    context.say(`  FAILED: ${failure}`);
  }
  context.add({ scenario, engine: name, title, role, config: log.config, runs: log.runs, peakRssBytes: log.peakRssBytes, failure });
}

/** Throws when what was measured was not right: a quick engine that loses rows has no rate. */
export function requireRight(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(`the records are not what the table holds:\n    ${problems.join('\n    ')}`);
}
