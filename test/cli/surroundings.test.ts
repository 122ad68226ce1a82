import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { collectPair, Surroundings } from '../../src/cli/surroundings.ts';
import { textTable } from '../../src/cli/text-table.ts';
import { forgetAddresses, keepAddresses } from '../../src/embedded/kept-addresses.ts';

test('addresses: the environment, else the running demo, else the usual ports', async (t) => {
  const cache = mkdtempSync(join(tmpdir(), 'millrace-cache-'));
  t.after(() => rmSync(cache, { recursive: true }));
  const usual = new Surroundings({ MILLRACE_CACHE: cache });
  assert.deepEqual([usual.kafka, usual.registry, usual.rest], ['127.0.0.1:9092', 'http://127.0.0.1:8081', 'http://127.0.0.1:8083']);
  await keepAddresses(cache, { kafka: '127.0.0.1:19', registry: 'http://127.0.0.1:18/apis/ccompat/v7/', rest: 'http://127.0.0.1:17' });
  const beside = new Surroundings({ MILLRACE_CACHE: cache, CONNECT_REST_URL: 'http://other:1/', KAFKA_BOOTSTRAP_SERVERS: '' });
  assert.deepEqual([beside.kafka, beside.registry, beside.rest], ['127.0.0.1:19', 'http://127.0.0.1:18/apis/ccompat/v7', 'http://other:1']);
  await forgetAddresses(cache);
  await forgetAddresses(cache);
  assert.equal(new Surroundings({ MILLRACE_CACHE: cache }).kafka, '127.0.0.1:9092');
});

test('settings of the form NAME=VALUE, the value with whatever is in it', () => {
  assert.deepEqual(collectPair('b=c=d', collectPair('a=', {})), { a: '', b: 'c=d' });
  assert.throws(() => collectPair('=x'), /not of the form/);
  assert.throws(() => collectPair('x'), /not of the form/);
});

test('tables: numbers to the right, text to the left, no blanks at the end', () => {
  const rows = [
    ['NAME', 'COUNT', 'STATE'],
    ['a', 7, 'ok'],
    ['longer', 1234567, ''],
  ];
  assert.equal(textTable(rows), 'NAME      COUNT  STATE\na             7  ok\nlonger  1234567');
});
