import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

/** What of Postgres' client a process of its own has loaded when the transforms are known, and when TimescaleDb is asked for. */
const script = `
  const { createRequire } = await import('node:module');
  const { plugins } = await import('./src/compose.ts');
  const clients = () => Object.keys(createRequire(process.cwd() + '/').cache).filter((path) => /node_modules.pg\\b/.test(path)).length;
  const found = [];
  for (const name of ['Flatten$Value', 'TimescaleDb']) found.push([plugins.transform(name).configKeys.length > 0, clients() > 0]);
  console.log(JSON.stringify(found));
`;

test("transforms load Postgres' client only where TimescaleDb is one of them", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd: `${import.meta.dirname}/..`,
    timeout: 60_000,
  });
  assert.deepEqual(JSON.parse(stdout), [
    [true, false],
    [true, true],
  ]);
});
