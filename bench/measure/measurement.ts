import type { RunProgress } from './run-progress.ts';

/** What one repeat gave. What a scenario does not measure is left out. */
export interface RunResult {
  readonly seconds: number;
  readonly rows: number;
  readonly rowsPerSecond?: number;
  readonly megabytesPerSecond?: number;
  /** Processor seconds for a million rows, by process. */
  readonly cpuPerMillion?: Readonly<Record<string, number>>;
  readonly latencyMs?: Readonly<Record<'p50' | 'p90' | 'p99' | 'max', number>>;
  readonly extra?: Readonly<Record<string, number>>;
}

export type Role = 'ours' | 'peer' | 'other' | 'limit';

/** One engine in one scenario. */
export interface Measurement {
  readonly scenario: string;
  readonly engine: string;
  readonly title: string;
  readonly role: Role;
  readonly config: Readonly<Record<string, unknown>>;
  readonly runs: readonly RunResult[];
  /** The engine's VmHWM at the end; null for what is not a process of its own. */
  readonly peakRssBytes: number | null;
  /** Why it has no result, or none that counts. */
  readonly failure: string | null;
}

/** From the beginning of the run to its last row. */
export function resultOfWhole({ fromMs, endMs, rows, bytes, cpuSeconds }: RunProgress): RunResult {
  return resultOf((endMs - fromMs) / 1000, rows, bytes, cpuSeconds);
}

/** From the first rows that were seen, without these rows, to the last: without the start of the engine. */
export function resultAfterFirst(progress: RunProgress): RunResult {
  const rows = progress.rows - progress.firstRows;
  // Everything came at once: then the start cannot be told apart.
  if (rows === 0) return resultOfWhole(progress);
  const seconds = (progress.endMs - progress.firstMs) / 1000;
  return resultOf(seconds, rows, (progress.bytes * rows) / progress.rows, progress.cpuSecondsAfterFirst);
}

function resultOf(seconds: number, rows: number, bytes: number, cpuSeconds: Readonly<Record<string, number>>): RunResult {
  const perMillion = Object.entries(cpuSeconds).map(([name, used]): [string, number] => [name, (used / rows) * 1e6]);
  return {
    seconds,
    rows,
    rowsPerSecond: rows / seconds,
    megabytesPerSecond: bytes / seconds / 1e6,
    cpuPerMillion: Object.fromEntries(perMillion),
  };
}
