import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runTestPhase, testSummary } from '../../scripts/test-phase.ts';

const hangs = (name: string): string => `test('${name}', () => new Promise((done) => setTimeout(done, 100_000)));`;

test('a phase that is called off says which tests were under way, also in a file that is not the first', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-phase-'));
  const before = process.env['MILLRACE_TEST_REPORTER'];
  process.env['MILLRACE_TEST_REPORTER'] = 'dot';
  t.after(async () => {
    if (before === undefined) delete process.env['MILLRACE_TEST_REPORTER'];
    else process.env['MILLRACE_TEST_REPORTER'] = before;
    await rm(folder, { recursive: true, force: true });
  });
  const [first, second, report] = ['first.test.mjs', 'second.test.mjs', 'report'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const imports = `import { suite, test } from 'node:test';\n`;
  const others = `test('passes', () => {}); test('fails', () => { throw new Error('x') }); test('is left out', { skip: 'no need' }, () => {});`;
  await writeFile(first, `${imports}${others} suite('outer', () => { ${hangs('one')} });\n`);
  await writeFile(second, `${imports}${hangs('other')}\n`);
  const calledOff = new AbortController();
  // Without what tells a test file that it is run by a runner: the phase has one of its own.
  const { NODE_TEST_CONTEXT: _context, ...environment } = process.env;
  const phase = { name: 'pure', files: [first, second], needsServers: false, concurrency: 2, withinMs: 100_000 };
  const running = runTestPhase(phase, environment, report, calledOff.signal);
  const told = (): string => (existsSync(report) ? readFileSync(report, 'utf8') : '');
  const parts = ['"name":"one"', '"name":"other"', '"test:fail"', '"test:pass"'];
  while (!parts.every((part) => told().includes(part))) await sleep(20, undefined, { signal: t.signal });
  calledOff.abort();
  const outcome = await running;
  assert.deepEqual(outcome.underWay.toSorted(), [`other (${second})`, `outer > one (${first})`]);
  assert.deepEqual([outcome.failed, outcome.skipped, outcome.code], [['fails'], ['is left out: no need'], 1]);
  assert.match(testSummary([outcome]), /Skipped:\n {2}is left out.*\n\nFailed:\n {2}fails\n\nDid not end:\n {2}outer > one/);
});
