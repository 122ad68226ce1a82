/**
 * `npm test [-- FILE...]`: starts a real Kafka, registry and Postgres of its own, runs the tests against them, stops them.
 * Servers named by MILLRACE_TEST_KAFKA, MILLRACE_TEST_REGISTRY and MILLRACE_TEST_POSTGRES are used instead, when all are set.
 */
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheDirectory, projectRoot } from '../src/embedded/cache.ts';
import { SetUpError } from '../src/embedded/set-up-error.ts';
import { PythonClient } from './python-client.ts';
import { runTestPhase, type TestOutcome, testPhases, testSummary } from './test-phase.ts';
import { TestServers } from './test-servers.ts';

const calledOff = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => calledOff.abort());

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function findFiles(patterns: readonly string[]): string[] {
  const files = globSync([...(patterns.length === 0 ? ['test/**/*.test.ts'] : patterns)], { cwd: projectRoot }).toSorted();
  if (files.length === 0) throw new SetUpError(`No test file fits ${patterns.join(' ')}: give paths from the project's root.`);
  return files;
}

async function main(): Promise<number> {
  const phases = testPhases(findFiles(process.argv.slice(2)));
  const cache = cacheDirectory();
  const environment: NodeJS.ProcessEnv = { ...process.env };
  const hasClients = phases.some(({ files }) => files.some((file) => file.includes('clients')));
  const python = hasClients ? await PythonClient.find(cache, say) : null;
  if (python !== null) environment['MILLRACE_PYTHON'] = python;
  const reports = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  const outcomes: TestOutcome[] = [];
  try {
    await using servers = phases.some(({ needsServers }) => needsServers) ? await TestServers.start(cache, say) : null;
    Object.assign(environment, servers?.environment);
    for (const [at, phase] of phases.entries()) {
      if (calledOff.signal.aborted) break;
      // What needs none of them has the machine to itself.
      if (!phases.slice(at).some(({ needsServers }) => needsServers)) await servers?.stop();
      say(`\n── ${phase.name}: ${phase.files.length} ${phase.files.length === 1 ? 'file' : 'files'} ──`);
      outcomes.push(await runTestPhase(phase, environment, join(reports, `${outcomes.length}.report`), calledOff.signal));
    }
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
  process.stdout.write(testSummary(outcomes));
  if (calledOff.signal.aborted) say('Called off before the end.');
  return calledOff.signal.aborted || outcomes.some(({ code }) => code !== 0) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
