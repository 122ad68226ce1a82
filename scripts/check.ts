/** `npm run check`: types, lint, format and the tests that need no server, side by side; the output of what failed. */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { projectRoot } from '../src/embedded/cache.ts';
import { withoutServers } from './test-servers.ts';

interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

interface Outcome {
  readonly name: string;
  readonly code: number;
  readonly seconds: number;
  readonly output: string;
}

const tools = join(projectRoot, 'node_modules', '.bin');
const needsServer = /\.(pg|kafka|e2e|peer|containers)\.test\.ts$/;

function steps(): Step[] {
  const tests = globSync('test/**/*.test.ts', { cwd: projectRoot }).filter((file) => !needsServer.test(file));
  const ours = ['bin', 'src', 'scripts', 'test', 'bench', 'examples'];
  return [
    { name: 'types', command: join(tools, 'tsc'), args: [] },
    { name: 'lint', command: join(tools, 'oxlint'), args: ['--type-aware', '--deny-warnings', ...ours] },
    { name: 'format', command: join(tools, 'oxfmt'), args: ['--check', ...ours] },
    { name: 'tests', command: process.execPath, args: ['--test', '--test-timeout=60000', '--test-reporter=dot', ...tests] },
  ];
}

function run(step: Step): Promise<Outcome> {
  const path = `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`;
  const from = performance.now();
  return new Promise((done) => {
    const child = spawn(step.command, step.args, {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...withoutServers(process.env), PATH: path },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    const end = (code: number): void => done({ name: step.name, code, seconds: (performance.now() - from) / 1000, output });
    child.once('error', (error) => {
      output += error.message;
      end(1);
    });
    child.once('close', (code) => end(code ?? 1));
  });
}

const outcomes = await Promise.all(
  steps().map(async (step) => {
    const outcome = await run(step);
    process.stdout.write(`${outcome.code === 0 ? '✔' : '✖'} ${outcome.name} (${outcome.seconds.toFixed(1)} s)\n`);
    return outcome;
  }),
);
for (const { name, code, output } of outcomes) if (code !== 0) process.stdout.write(`\n── ${name} ──\n${output.trimEnd()}\n`);
process.exitCode = outcomes.some(({ code }) => code !== 0) ? 1 : 0;
