import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const root = join(import.meta.dirname, '../..');

/** Does what `npm ci` is asked for: a Node of this platform, or what the lock file of the checkout names. Notes each run. */
const workingNpm = (folder: string): string => `#!/bin/sh
echo "$PWD" >> '${folder}/npm-runs'
sleep 0.3
mkdir -p node_modules
case $PWD in
  */node-*) for each in $(sed -n 's/.*"\\(node-[a-z0-9-]*\\)":.*/\\1/p' package.json | head -1); do
      mkdir -p "node_modules/$each/bin" && ln -s '${process.execPath}' "node_modules/$each/bin/node"; done ;;
esac
cp package-lock.json node_modules/.package-lock.json
`;

const program = `
process.on('SIGTERM', () => process.exit(42));
if (process.argv[2] === 'wait') { setInterval(() => {}, 1000); console.log('waiting'); }
else { console.log(JSON.stringify({ args: process.argv.slice(2), cwd: process.cwd(), node: process.execPath })); process.exitCode = 7; }
`;

interface Answer {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Stage {
  readonly folder: string;
  readonly checkout: string;
  readonly path: string;
  readonly npmRuns: () => Promise<string[]>;
  readonly setNpm: (script: string | null) => Promise<void>;
  readonly run: (args: readonly string[], options?: { file?: string; cwd?: string }) => Promise<Answer>;
  readonly start: (args: readonly string[]) => ReturnType<typeof spawn>;
}

/** A checkout with the launcher and a small program, in a folder with a blank, and a PATH with a Node of version `node`. */
async function stage(t: TestContext, node: string): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace launcher '));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const checkout = join(folder, 'a checkout');
  const path = join(folder, 'path');
  for (const part of ['bin', 'embedded/node', 'package.json']) await cp(join(root, part), join(checkout, part), { recursive: true });
  await writeFile(
    join(checkout, 'package-lock.json'),
    JSON.stringify({
      packages: { '': {}, 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '2.0.0', optional: true } },
    }),
  );
  await mkdir(join(checkout, 'src'));
  await writeFile(join(checkout, 'src/main.ts'), program);
  await mkdir(path);
  const pretend = join(folder, 'pretend.cjs');
  await writeFile(pretend, `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${node}' } });`);
  await writeFile(join(path, 'node'), `#!/bin/sh\nexec '${process.execPath}' -r '${pretend}' "$@"\n`);
  await chmod(join(path, 'node'), 0o755);
  const setNpm = async (script: string | null): Promise<void> => {
    await rm(join(path, 'npm'), { force: true });
    if (script !== null) await writeFile(join(path, 'npm'), script, { mode: 0o755 });
  };
  await setNpm(workingNpm(folder));
  const tools = ['sh', 'dirname', 'readlink', 'mkdir', 'ln', 'cp', 'sed', 'head', 'sleep', 'rm'];
  for (const tool of tools) await symlink(where(tool), join(path, tool));
  const env = { PATH: path, HOME: folder };
  const start = (args: readonly string[], options: { file?: string; cwd?: string } = {}): ReturnType<typeof spawn> => {
    const cwd = options.cwd ?? folder;
    const child = spawn(options.file ?? join(checkout, 'bin/millrace'), args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    // What a failed test left running.
    t.after(() => child.kill('SIGKILL'));
    return child;
  };
  return {
    folder,
    checkout,
    path,
    setNpm,
    start,
    npmRuns: async () => (await readFile(join(folder, 'npm-runs'), 'utf8').catch(() => '')).split('\n').filter((line) => line !== ''),
    async run(args, options) {
      const child = start(args, options);
      const output = { out: '', err: '' };
      child.stdout?.on('data', (chunk) => (output.out += String(chunk)));
      child.stderr?.on('data', (chunk) => (output.err += String(chunk)));
      const [code] = (await once(child, 'close')) as [number | null];
      return { code, ...output };
    },
  };
}

function where(tool: string): string {
  const found = (process.env['PATH'] ?? '').split(delimiter).find((folder) => existsSync(join(folder, tool)));
  if (found === undefined) throw new Error(`${tool} is not on the PATH`);
  return join(found, tool);
}

test('a Node that fits is used; the dependencies are installed once; arguments, folder and exit code are the own ones', async (t) => {
  const { checkout, folder, run, npmRuns } = await stage(t, '24.12.0');
  const first = await run(['demo', '--for', 'two words', '']);
  assert.equal(first.code, 7, first.err);
  assert.deepEqual(JSON.parse(first.out), { args: ['demo', '--for', 'two words', ''], cwd: folder, node: process.execPath });
  await run(['x']);
  assert.deepEqual(await npmRuns(), [checkout]);
});

test('with an older Node a fitting one is fetched into the cache, once', async (t) => {
  const { checkout, run, npmRuns } = await stage(t, '20.19.0');
  const first = await run(['x']);
  assert.equal(first.code, 7, first.err);
  assert.match((JSON.parse(first.out) as { node: string }).node, /\bnode\b/);
  assert.match(first.err, /this Node is 20\.19\.0; fetching Node \d+\.\d+\.\d+ from npm, once/);
  await run(['x']);
  const runs = await npmRuns();
  assert.equal(runs.length, 2);
  assert.match(runs[0] ?? '', /\.cache\/node-\d+\.\d+\.\d+\.incoming$/);
  assert.equal(runs[1], checkout);
});

test('it is found through symbolic links, from any folder', async (t) => {
  const { checkout, folder, run } = await stage(t, '24.12.0');
  await symlink(join(checkout, 'bin/millrace'), join(folder, 'one'));
  await symlink('one', join(folder, 'two'));
  const answer = await run(['x'], { file: join(folder, 'two'), cwd: '/' });
  assert.equal(answer.code, 7, answer.err);
  assert.equal((JSON.parse(answer.out) as { cwd: string }).cwd, '/');
});

test('several that start at once set up once, also after a killed one left its lock', async (t) => {
  const { checkout, run, npmRuns } = await stage(t, '20.19.0');
  await mkdir(join(checkout, '.cache'));
  await writeFile(join(checkout, '.cache/dependencies.lock'), '999999999');
  const answers = await Promise.all([run(['x']), run(['x']), run(['x'])]);
  assert.deepEqual(
    answers.map(({ code }) => code),
    [7, 7, 7],
    answers.map(({ err }) => err).join('\n'),
  );
  assert.equal((await npmRuns()).length, 2);
});

test('an installation that was cut off, and one that is behind the lock file, are done again', async (t) => {
  const { checkout, run, npmRuns } = await stage(t, '24.12.0');
  await mkdir(join(checkout, 'node_modules/a'), { recursive: true });
  await run(['x']);
  assert.equal((await npmRuns()).length, 1);
  await writeFile(join(checkout, 'package-lock.json'), JSON.stringify({ packages: { '': {}, 'node_modules/a': { version: '1.0.1' } } }));
  await run(['x']);
  assert.equal((await npmRuns()).length, 2);
});

test('a signal reaches the program itself', async (t) => {
  const { start } = await stage(t, '24.12.0');
  const child = start(['wait']);
  await once(child.stdout ?? child, 'data');
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number | null];
  assert.equal(code, 42);
});

const npmThatSays = (text: string): string => `#!/bin/sh\necho 'npm error ${text}' >&2\nexit 1\n`;

const problems: readonly [what: string, node: string, npm: string | null | undefined, sentence: RegExp][] = [
  ['too old a Node', '18.20.0', undefined, /^millrace: this Node is 18\.20\.0, and Millrace needs at least 20 to start: install .*\n$/],
  ['no npm', '24.12.0', null, /millrace: npm is not installed or not on the PATH, .*: install Node 20 or newer with npm\.\n$/],
  [
    'no network',
    '20.19.0',
    npmThatSays('code ENOTFOUND'),
    /millrace: npm's registry cannot be reached, and Node .*: check the network .*docker compose up.*\n$/,
  ],
  ['no network', '24.12.0', npmThatSays('code ETIMEDOUT'), /millrace: npm's registry cannot be reached, and the dependencies .*\n$/],
  [
    'no disk space',
    '24.12.0',
    npmThatSays('code ENOSPC'),
    /millrace: no space is left on the disk that holds .*: free about 1 GB .*MILLRACE_CACHE.*\n$/,
  ],
  [
    'another checksum',
    '24.12.0',
    npmThatSays('code EINTEGRITY'),
    /millrace: what npm fetched does not have the checksum in the lock file and was refused: .*\n$/,
  ],
  [
    'a surprise',
    '24.12.0',
    npmThatSays('code E123'),
    /millrace: npm could not install the dependencies \(npm error code E123\): run `npm ci` .*\n$/,
  ],
];

for (const [what, node, npm, sentence] of problems) {
  test(`one sentence, and exit code 1, for ${what} (Node ${node})`, async (t) => {
    const { run, setNpm } = await stage(t, node);
    if (npm !== undefined) await setNpm(npm);
    const { code, err, out } = await run(['demo']);
    assert.equal(code, 1);
    assert.equal(out, '');
    assert.match(err, sentence);
    assert.ok(!/^\s+at /m.test(err), 'no stack');
  });
}

test('without any Node one sentence says so', async (t) => {
  const { path, run } = await stage(t, '24.12.0');
  await rm(join(path, 'node'));
  const { code, err } = await run(['demo']);
  assert.equal(code, 1);
  assert.match(err, /^millrace: Node is not installed or not on the PATH: install Node 20 or newer with npm .*\n$/);
});

test('ended during the set-up it leaves no lock behind', async (t) => {
  const { checkout, setNpm, start, npmRuns, folder, run } = await stage(t, '24.12.0');
  await setNpm(`#!/bin/sh\necho "$PWD" >> '${folder}/npm-runs'\nexec sleep 30\n`);
  const child = start(['x']);
  const deadline = performance.now() + 60_000;
  while ((await npmRuns()).length === 0) {
    assert.ok(performance.now() < deadline, 'npm was not started');
    await sleep(20);
  }
  const holder = Number(await readFile(join(checkout, '.cache/dependencies.lock'), 'utf8'));
  process.kill(holder, 'SIGTERM');
  const [code] = (await once(child, 'exit')) as [number | null];
  assert.equal(code, 130);
  assert.equal(existsSync(join(checkout, '.cache/dependencies.lock')), false);
  await setNpm(workingNpm(folder));
  assert.equal((await run(['x'])).code, 7);
});
