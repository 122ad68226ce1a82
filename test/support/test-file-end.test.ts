import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';

async function run(t: TestContext, body: string, env: NodeJS.ProcessEnv): Promise<{ code: number | null; err: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-file-end-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'some.test.mjs');
  await writeFile(file, `import { it } from 'node:test'; import { createServer } from 'node:net'; ${body}`);
  const { NODE_TEST_CONTEXT: _inner, ...outer } = process.env;
  const child = spawn(process.execPath, ['--import', join(import.meta.dirname, 'test-file-end.ts'), file], {
    env: { ...outer, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [err, [code]] = await Promise.all([text(child.stderr), once(child, 'exit') as Promise<[number | null]>]);
  return { code, err };
}

describe('the end of a test file', () => {
  it('comes though a test left a server open, fails and says what is open', { timeout: 120_000 }, async (t) => {
    const { code, err } = await run(t, "it('leaves', () => { createServer().listen(0, '127.0.0.1'); });", { MILLRACE_TEST_END_MS: '200' });
    assert.equal(code, 1);
    assert.match(err, /some\.test\.mjs: its tests are over, and 200 ms later it had not ended\. Still open: .*TCP/);
  });

  it('is left alone otherwise', async (t) => {
    assert.deepEqual(await run(t, "it('passes', () => {});", { MILLRACE_TEST_END_MS: '30000' }), {
      code: 0,
      err: '',
    });
  });
});
