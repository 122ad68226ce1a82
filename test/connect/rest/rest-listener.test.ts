import assert from 'node:assert/strict';
import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLog } from '../../../src/base/log.ts';
import { RestListener } from '../../../src/connect/rest/rest-listener.ts';
import type { RestOptions } from '../../../src/connect/rest/rest-server.ts';

const options: RestOptions = {
  ready: () => null,
  clusterId: () => null,
  clock: systemClock,
  log: silentLog,
  version: '1',
  scrub: (text) => text,
  allowOrigin: '',
  allowMethods: '',
};

test('requests that come before anything is loaded are answered, all of them, also one with a body', async (t) => {
  const listener = await RestListener.open('127.0.0.1', 0, options);
  t.after(() => listener.close());
  const url = `http://127.0.0.1:${listener.port}`;
  const headers = { 'content-type': 'application/json' };
  const asked = await Promise.all([
    fetch(`${url}/health`),
    fetch(`${url}/nowhere`),
    fetch(`${url}/connectors`, { method: 'POST', headers, body: JSON.stringify({ name: 'a', config: { filler: 'x'.repeat(100_000) } }) }),
    fetch(`${url}/health`),
  ]);
  assert.deepEqual(
    asked.map(({ status }) => status),
    [503, 404, 503, 503],
  );
  assert.deepEqual(await asked[0]?.json(), { status: 'starting', message: 'Worker is still starting up.' });
  assert.equal(asked[0]?.headers.get('x-millrace-version'), '1');
});

test('what is no HTTP is answered with 400 and ends neither the listener nor the process', async (t) => {
  const listener = await RestListener.open('127.0.0.1', 0, options);
  t.after(() => listener.close());
  for (const loaded of [false, true]) {
    const socket = connect(listener.port, '127.0.0.1', () => socket.end('no request at all\r\n\r\n'));
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    assert.match(answer, /^HTTP\/1\.1 400 /);
    if (!loaded) assert.equal((await fetch(`http://127.0.0.1:${listener.port}/health`)).status, 503);
  }
});

test('localhost is all of its addresses', async (t) => {
  const listener = await RestListener.open('localhost', 0, options);
  t.after(() => listener.close());
  const addresses = await lookup('localhost', { all: true });
  let reached = 0;
  for (const { address, family } of addresses) {
    const host = family === 6 ? `[${address}]` : address;
    const answer = await fetch(`http://${host}:${listener.port}/health`).catch(() => null);
    if (answer !== null) reached += 1;
    // An address family may be switched off.
    else assert.equal(family, 6);
  }
  assert.ok(reached > 0);
});

test('a port that is taken is an error; closing ends kept connections and frees the port, whether or not anything was asked', async () => {
  const first = await RestListener.open('127.0.0.1', 0, options);
  const { port } = first;
  await assert.rejects(RestListener.open('127.0.0.1', port, options), { code: 'EADDRINUSE' });
  await (await fetch(`http://127.0.0.1:${port}/health`)).text();
  await first.close();
  const second = await RestListener.open('127.0.0.1', port, options);
  await second.close();
});
