import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommanderError } from 'commander';
import { demoCommand } from '../../src/demo/demo-options.ts';
import type { DemoOptions } from '../../src/demo/demo-options.ts';

async function parse(...args: string[]): Promise<DemoOptions> {
  let parsed: DemoOptions | null = null;
  const command = demoCommand((options) => {
    parsed = options;
    return Promise.resolve();
  });
  command.exitOverride().configureOutput({ writeErr: () => {} });
  await command.parseAsync(args, { from: 'user' });
  assert.ok(parsed);
  return parsed;
}

test('without options it runs until Ctrl-C, on servers of its own, from where it was', async () => {
  assert.deepEqual(await parse(), {
    forMs: null,
    json: false,
    fresh: false,
    kafka: undefined,
    registry: undefined,
    postgres: undefined,
    rowsPerSecond: 10,
  });
});

test('times have units, seconds by default', async () => {
  for (const [text, ms] of [
    ['20s', 20_000],
    ['20', 20_000],
    ['1.5m', 90_000],
    ['500ms', 500],
    ['1h', 3_600_000],
  ] as const)
    assert.equal((await parse('--for', text)).forMs, ms);
  for (const text of ['', 'soon', '0s', '-5s', '5 years', '1e3s'])
    await assert.rejects(parse(`--for=${text}`), /Write a number with a unit/);
});

test('own servers are taken in the forms that clients use', async () => {
  const own = ['--kafka', 'one:9092,[::1]:9093', '--registry', 'https://r/apis/ccompat/v7/', '--postgres', 'postgresql://u:p@h:1/d'];
  const options = await parse(...own);
  assert.equal(options.kafka, 'one:9092,[::1]:9093');
  assert.equal(options.registry, 'https://r/apis/ccompat/v7');
  assert.equal(options.postgres, 'postgresql://u:p@h:1/d');
});

test('anything else is refused with what to write', async () => {
  for (const [args, message] of [
    [['--kafka', 'localhost'], /HOST:PORT/],
    [['--registry', 'localhost:8081'], /starts with http:\/\/ or https:\/\//],
    [['--postgres', 'mysql://h/d'], /starts with postgres:\/\//],
    [['--rows-per-second', '-1'], /from 0 to 5000/],
    [['--rows-per-second', 'many'], /from 0 to 5000/],
    [['--frehs'], /Did you mean --fresh/],
    [['extra'], /too many arguments/],
  ] as const)
    await assert.rejects(parse(...args), (error) => error instanceof CommanderError && message.test(error.message), args.join(' '));
});
