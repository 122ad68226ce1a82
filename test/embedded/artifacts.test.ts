import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { ensureArtifacts, parseChecksums } from '../../src/embedded/artifacts.ts';
import { SetUpError } from '../../src/embedded/set-up-error.ts';

const wanted = { 'org/a/1/a-1.jar': 'the first file', 'org/b/2/b-2.jar': 'the second file', 'org/c/3/c-3-all.tar.gz': 'the third file' };

function lines(files: Readonly<Record<string, string>>): string {
  return Object.entries(files)
    .map(([path, text]) => `${createHash('sha512').update(text).digest('hex')}  ${path}\n`)
    .join('');
}

async function write(directory: string, path: string, text: string): Promise<void> {
  await mkdir(dirname(join(directory, path)), { recursive: true });
  await writeFile(join(directory, path), text);
}

/** A repository with nothing in it, and a fetch that writes what `served` holds, as Maven would. */
async function stage(t: TestContext, served: Readonly<Record<string, string>> = wanted) {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-artifacts-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const listFile = join(directory, 'sha512.txt');
  await writeFile(listFile, lines(wanted));
  const repository = join(directory, 'maven');
  const userRepository = join(directory, 'user');
  const calls: string[][] = [];
  const fetch = async (): Promise<readonly string[]> => {
    calls.push(Object.keys(served).filter((path) => !existsSync(join(repository, path))));
    for (const [path, text] of Object.entries(served)) if (!existsSync(join(repository, path))) await write(repository, path, text);
    return Object.keys(served);
  };
  return { repository, userRepository, calls, options: { repository, userRepository, listFile, fetch, progress: () => {} } };
}

test('what is missing is fetched once, and not looked at again while it is there', async (t) => {
  const { calls, options, repository } = await stage(t);
  const files = await ensureArtifacts(options);
  await ensureArtifacts(options);
  assert.equal(calls.length, 1);
  assert.deepEqual([...files.keys()], Object.keys(wanted));
  assert.equal(readFileSync(files.get('org/a/1/a-1.jar') ?? '', 'utf8'), 'the first file');
  await rm(join(repository, 'org/b/2/b-2.jar'));
  await ensureArtifacts(options);
  assert.deepEqual(calls[1], ['org/b/2/b-2.jar']);
});

test('a file with a wrong checksum is refused with a sentence that names it, removed, and fetched anew by the next start', async (t) => {
  const { options, repository } = await stage(t, { ...wanted, 'org/b/2/b-2.jar': 'something else' });
  await assert.rejects(ensureArtifacts(options), (error) => {
    assert.ok(error instanceof SetUpError);
    assert.match(error.message, /org\/b\/2\/b-2\.jar .* does not have the checksum .* was refused and removed/);
    return true;
  });
  assert.equal(existsSync(join(repository, 'org/b/2/b-2.jar')), false);
  assert.equal(existsSync(join(repository, 'org/a/1/a-1.jar')), true);
  const again = { ...options, fetch: async () => (await write(repository, 'org/b/2/b-2.jar', 'the second file'), []) };
  assert.equal((await ensureArtifacts(again)).size, 3);
});

test('an interrupted fetch goes on with what is missing', async (t) => {
  const { calls, options, repository } = await stage(t);
  const interrupted = async (): Promise<readonly string[]> => {
    await write(repository, 'org/a/1/a-1.jar', 'the first file');
    await write(repository, 'org/c/3/c-3-all.tar.gz.part', 'the thi');
    throw new SetUpError('cut off');
  };
  await assert.rejects(ensureArtifacts({ ...options, fetch: interrupted }), /cut off/);
  await ensureArtifacts(options);
  assert.deepEqual(calls, [['org/b/2/b-2.jar', 'org/c/3/c-3-all.tar.gz']]);
});

test("what lies in the user's own Maven repository with the right checksum is taken from there, and only that", async (t) => {
  const { calls, options, userRepository } = await stage(t);
  await write(userRepository, 'org/a/1/a-1.jar', 'the first file');
  await write(userRepository, 'org/b/2/b-2.jar', 'another build of the second');
  const files = await ensureArtifacts(options);
  assert.deepEqual(calls, [['org/b/2/b-2.jar', 'org/c/3/c-3-all.tar.gz']]);
  assert.equal(readFileSync(files.get('org/b/2/b-2.jar') ?? '', 'utf8'), 'the second file');
  assert.deepEqual(
    readdirSync(options.repository, { recursive: true }).filter((name) => String(name).endsWith('.incoming')),
    [],
  );
});

test('a list that is not one is refused by its line', () => {
  assert.throws(() => parseChecksums(`${lines(wanted)}abc  x.jar\n`), /line 4/);
  assert.throws(() => parseChecksums(`${'0'.repeat(128)}  ../outside.jar\n`), /line 1/);
});
