import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '../src/embedded/cache.ts';
import { readReport, type RunReport } from './run-report.ts';
import { withoutServers } from './test-servers.ts';

/** Files that need the same and may run side by side; phases run one after the other, so that load does not upset timing. */
export interface TestPhase {
  readonly name: string;
  readonly files: readonly string[];
  /** Whether a Kafka, a registry and a Postgres must be there. */
  readonly needsServers: boolean;
  /** How many files at once. */
  readonly concurrency: number;
  /** For each test that sets no limit of its own. */
  readonly withinMs: number;
}

export interface TestOutcome extends RunReport {
  readonly phase: string;
  readonly code: number;
  readonly seconds: number;
}

/** As Node's own runner calls them. */
const countNames = [
  ['tests', 'tests'],
  ['suites', 'suites'],
  ['pass', 'passed'],
  ['fail', 'failed'],
  ['cancelled', 'cancelled'],
  ['skipped', 'skipped'],
  ['todo', 'todo'],
] as const;
const minutes = 60_000;

/** Sorts files by what their names say they need. */
export function testPhases(files: readonly string[]): TestPhase[] {
  const cores = availableParallelism();
  const plan = [
    {
      name: 'pure',
      pattern: /(?<!\.(?:pg|kafka|e2e|peer|containers))\.test\.ts$/,
      needsServers: false,
      concurrency: cores,
      withinMs: 4 * minutes,
    },
    { name: 'servers', pattern: /\.(?:pg|kafka)\.test\.ts$/, needsServers: true, concurrency: 2, withinMs: 8 * minutes },
    { name: 'end to end', pattern: /\.e2e\.test\.ts$/, needsServers: true, concurrency: 1, withinMs: 15 * minutes },
    // Debezium itself on Kafka Connect: skipped with a message where there is no Java, or Maven Central is out of reach.
    { name: 'peers', pattern: /\.peer\.test\.ts$/, needsServers: true, concurrency: 1, withinMs: 8 * minutes },
    { name: 'containers', pattern: /\.containers\.test\.ts$/, needsServers: false, concurrency: 1, withinMs: 10 * minutes },
  ];
  return plan
    .map(({ pattern, ...phase }) => ({ ...phase, files: files.filter((file) => pattern.test(file)) }))
    .filter(({ files }) => files.length > 0);
}

/** The tests of a phase in Node's test runner, shown as they run; `reportFile` is where the runner writes what is counted. */
export function runTestPhase(
  phase: TestPhase,
  environment: NodeJS.ProcessEnv,
  reportFile: string,
  signal: AbortSignal,
): Promise<TestOutcome> {
  const reporter = process.env['MILLRACE_TEST_REPORTER'] ?? 'spec';
  const args = [
    '--disable-warning=TimeoutNegativeWarning',
    `--import=${pathToFileURL(join(projectRoot, 'test/support/test-file-end.ts')).href}`,
    '--test',
    `--test-concurrency=${phase.concurrency}`,
    `--test-timeout=${phase.withinMs}`,
    `--test-reporter=${reporter}`,
    '--test-reporter-destination=stdout',
    `--test-reporter=${pathToFileURL(join(import.meta.dirname, 'run-report.ts')).href}`,
    `--test-reporter-destination=${reportFile}`,
  ];
  const from = performance.now();
  const path = `${dirname(process.execPath)}${delimiter}${environment['PATH'] ?? ''}`;
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [...args, ...phase.files], {
      cwd: projectRoot,
      // A group of its own, so that what the tests started ends with them when the run is called off.
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...(phase.needsServers ? environment : withoutServers(environment)), PATH: path },
    });
    const end = (): void => endGroup(child);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    child.once('error', fail);
    child.once('exit', (code) => {
      signal.removeEventListener('abort', end);
      const seconds = (performance.now() - from) / 1000;
      done({ phase: phase.name, code: code ?? 1, seconds, ...readReport(reportFile) });
    });
  });
}

function endGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
  } catch {
    // Ended already.
  }
}

function row(cells: readonly unknown[]): string {
  return cells.map((cell, at) => (at === 0 ? String(cell).padEnd(12) : String(cell).padStart(9))).join('');
}

/** A table of the phases, what was skipped and why, what failed, and the sums in the form of Node's own runner. */
export function testSummary(outcomes: readonly TestOutcome[]): string {
  const lines = ['', row(['phase', 'tests', 'passed', 'failed', 'skipped', 'seconds'])];
  for (const { phase, counts, seconds } of outcomes)
    lines.push(row([phase, counts.tests, counts.passed, counts.failed + counts.cancelled, counts.skipped, seconds.toFixed(0)]));
  for (const [title, names] of [
    ['Skipped:', outcomes.flatMap(({ skipped }) => skipped)],
    ['Failed:', outcomes.flatMap(({ failed }) => failed)],
    ['Did not end:', outcomes.flatMap(({ underWay }) => underWay)],
  ] as const)
    if (names.length > 0) lines.push('', title, ...names.map((name) => `  ${name}`));
  lines.push('');
  for (const [shown, name] of countNames) lines.push(`# ${shown} ${outcomes.reduce((sum, { counts }) => sum + counts[name], 0)}`);
  lines.push(`# duration_ms ${(outcomes.reduce((sum, { seconds }) => sum + seconds, 0) * 1000).toFixed(0)}`);
  return `${lines.join('\n')}\n`;
}
