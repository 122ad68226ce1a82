import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort, releasePort } from '../../src/embedded/port.ts';

async function listen(port: number, host: string): Promise<Server> {
  const server = createServer().listen(port, host);
  await once(server, 'listening');
  return server;
}

/** A port that nobody has, with its successor: found by letting the system choose. */
async function quietPort(): Promise<number> {
  const server = await listen(0, '127.0.0.1');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('the preferred port is given when nobody listens on it, and not twice', async () => {
  const preferred = await quietPort();
  const first = await freePort(preferred);
  const second = await freePort(preferred);
  assert.equal(first, preferred);
  assert.ok(second > first);
  releasePort(first);
  assert.equal(await freePort(preferred), preferred);
});

for (const host of ['127.0.0.1', '0.0.0.0']) {
  test(`a port that is taken on ${host} means a higher one`, async () => {
    const server = await listen(0, host);
    const taken = (server.address() as AddressInfo).port;
    const port = await freePort(taken);
    assert.ok(port > taken);
    const other = await listen(port, '127.0.0.1');
    other.close();
    server.close();
  });
}

test('a port that another process has chosen is not chosen again while that one lives', async () => {
  const preferred = await quietPort();
  const note = join(tmpdir(), `millrace-port-${preferred}.pid`);
  await writeFile(note, String(process.ppid));
  assert.ok((await freePort(preferred)) > preferred);
  await writeFile(note, '999999999');
  assert.equal(await freePort(preferred), preferred);
  releasePort(preferred);
  assert.ok(!existsSync(note));
  await rm(note, { force: true });
});
