import assert from 'node:assert/strict';
import { watch } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Client } from 'pg';
import { Postgres } from '../../src/embedded/postgres.ts';

interface Session {
  readonly pid: number;
  readonly data: string;
}

/** Of a session that stays; its connection is the server's to end. */
async function openSession(url: string): Promise<Session> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query<Session>("SELECT pg_backend_pid() AS pid, current_setting('data_directory') AS data");
  const [session] = rows;
  assert.ok(session !== undefined);
  return session;
}

/** Resolves as soon as the file, which may be made anew meanwhile, has the text. */
async function hasText(file: string, text: string): Promise<void> {
  const changes = watch(dirname(file));
  try {
    const found = Promise.withResolvers<void>();
    const look = (): void =>
      void readFile(file, 'utf8').then(
        (all) => (all.includes(text) ? found.resolve() : undefined),
        () => undefined,
      );
    changes.on('change', look);
    look();
    await found.promise;
  } finally {
    changes.close();
  }
}

test('a server that crashed starts again when the last session of the one before has ended', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-crash-'));
  try {
    await using first = await Postgres.start({ directory });
    const { pid, data } = await openSession(first.url);
    process.kill(pid, 'SIGSTOP');
    await first.kill();
    await first.stop();
    const starting = Postgres.start({ directory });
    try {
      await hasText(join(dirname(data), 'postgres.log'), 'pre-existing shared memory block');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await using second = await starting;
    assert.notEqual((await openSession(second.url)).pid, pid);
  } finally {
    await Postgres.wipe(directory);
    await rm(directory, { recursive: true, force: true });
  }
});
