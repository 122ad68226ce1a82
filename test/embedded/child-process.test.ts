import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChildOptions } from '../../src/embedded/child-process.ts';
import { ChildProcess, endLeftover, StartError } from '../../src/embedded/child-process.ts';
import { commandLineOf, isAlive } from '../../src/embedded/process-table.ts';

const source = join(import.meta.dirname, '../../src/embedded/child-process.ts');

async function stage(t: TestContext, script: string): Promise<ChildOptions> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace child '));
  const options: ChildOptions = {
    name: 'The child',
    command: process.execPath,
    args: ['-e', script, directory],
    cwd: directory,
    logFile: join(directory, 'log'),
    pidFile: join(directory, 'pid'),
    mark: directory,
    stopSignal: 'TERM',
    // A polite one gets all the time that a busy machine may need.
    stopWithinSeconds: script === stubborn ? 1 : 60,
  };
  t.after(async () => {
    // What a failed test left running.
    await endLeftover(options);
    await rm(directory, { recursive: true, force: true });
  });
  return options;
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!isSo()) {
    assert.ok(performance.now() < deadline, what);
    await sleep(20);
  }
}

const polite = `process.on('SIGTERM', () => { console.log('leaving'); process.exit(0); }); setInterval(() => {}, 1000); console.log('up')`;
const stubborn = `process.on('SIGTERM', () => console.log('no')); setInterval(() => {}, 1000); console.log('up')`;
const isUp = (options: ChildOptions) => async (): Promise<boolean> => (await readFile(options.logFile, 'utf8')).includes('up');

test('a child is asked to leave and its log is kept', async (t) => {
  const options = await stage(t, polite);
  const child = new ChildProcess(options);
  await child.ready(isUp(options), 60_000);
  assert.ok(child.running);
  await child.stop();
  assert.equal(await child.ended, 'it ended with exit code 0');
  assert.match(await readFile(options.logFile, 'utf8'), /up\nleaving\n/);
  assert.equal(existsSync(options.pidFile), false);
});

test('one that does not leave is killed when its time is over', async (t) => {
  const options = await stage(t, stubborn);
  const child = new ChildProcess(options);
  await child.ready(isUp(options), 60_000);
  await child.stop();
  assert.equal(await child.ended, 'it was ended by SIGKILL');
});

test('a port that someone took in between is told apart: another one may do', async (t) => {
  const said: readonly [text: string, portTaken: boolean][] = [
    ['java.net.BindException: x', true],
    ['FATAL: could not bind IPv4 address', true],
    ['ERROR Port 8081 seems to be in use by another process.', true],
    ['out of memory', false],
  ];
  for (const [text, portTaken] of said) {
    const child = new ChildProcess(await stage(t, `console.error(${JSON.stringify(text)}); process.exit(1)`));
    await assert.rejects(
      child.ready(() => Promise.resolve(false), 60_000),
      (error) => error instanceof StartError && error.portTaken === portTaken,
      text,
    );
  }
});

test('one that ends while it should come up is told with the end of its log', async (t) => {
  const options = await stage(t, `console.error('bind: Address already in use'); process.exit(3)`);
  const child = new ChildProcess(options);
  await assert.rejects(
    child.ready(() => Promise.resolve(false), 60_000),
    (error) => {
      assert.ok(error instanceof StartError);
      assert.match(error.message, /^The child did not start: it ended with exit code 3; look at .*\nbind: Address already in use$/s);
      assert.ok(error.portTaken);
      return true;
    },
  );
});

test('a child does not outlive a parent that is killed', { timeout: 120_000 }, async (t) => {
  for (const script of [polite, stubborn]) {
    const options = await stage(t, script);
    const parentFile = join(options.cwd, 'parent.mjs');
    await writeFile(parentFile, `import { ChildProcess } from ${JSON.stringify(source)};\nnew ChildProcess(${JSON.stringify(options)});\n`);
    const parent = spawn(process.execPath, [parentFile], { stdio: 'inherit' });
    t.after(() => parent.kill('SIGKILL'));
    await until('the child is up', () => existsSync(options.pidFile));
    const pid = Number(await readFile(options.pidFile, 'utf8'));
    const up = isUp(options);
    while (!(await up())) await sleep(20, undefined, { signal: t.signal });
    assert.ok(isAlive(pid));
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await until('the child is gone', () => !isAlive(pid));
    // The next start finds the number of a process that is gone.
    await endLeftover(options);
    assert.equal(existsSync(options.pidFile), false);
  }
});

test('the next start ends what outlived parent and watcher, and leaves another process with that number alone', async (t) => {
  const options = await stage(t, stubborn);
  const orphan = spawn(options.command, options.args, { detached: true, stdio: 'ignore' });
  const gone = once(orphan, 'exit');
  await writeFile(options.pidFile, String(orphan.pid));
  await endLeftover({ ...options, mark: 'of someone else' });
  assert.ok(isAlive(orphan.pid ?? 0));
  await writeFile(options.pidFile, String(orphan.pid));
  await until('its command line is its own', () => commandLineOf(orphan.pid ?? 0).includes(options.mark));
  await endLeftover(options);
  await gone;
  assert.equal(existsSync(options.pidFile), false);
});
