import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { projectRoot } from '../embedded/cache.ts';
import { SetUpError } from '../embedded/set-up-error.ts';

/** The database the sample data goes into: the one the URL names, or `taxi` beside Postgres's own. */
export function taxiUrl(server: string): URL {
  const url = new URL(server);
  if (url.pathname === '' || url.pathname === '/' || url.pathname === '/postgres') url.pathname = '/taxi';
  return url;
}

/** Creates the database and loads the sample, unless an earlier demo did: in one transaction, so there is no half of it. */
export async function loadTaxiDatabase(server: string): Promise<URL> {
  const url = taxiUrl(server);
  const name = decodeURIComponent(url.pathname.slice(1));
  if (name === 'taxi') {
    const admin = await connect(new URL('/postgres', url).href);
    try {
      const found = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
      if (found.rowCount === 0) await admin.query('CREATE DATABASE taxi');
    } finally {
      await admin.end();
    }
  }
  const client = await connect(url.href);
  try {
    const found = await client.query<{ loaded: boolean }>("SELECT to_regclass('public.trips') IS NOT NULL AS loaded");
    if (found.rows[0]?.loaded !== true) {
      const sql = await readFile(join(projectRoot, 'config', 'demo', 'taxi.sql'), 'utf8');
      await client.query(`BEGIN;\n${sql}\nCOMMIT;`);
    }
  } finally {
    await client.end();
  }
  return url;
}

export async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => {}); // A server that leaves is told by the next query.
  try {
    await client.connect();
  } catch (error) {
    const { host, pathname } = new URL(url);
    const reason = error instanceof Error ? error.message : String(error);
    throw new SetUpError(`Postgres at ${host}${pathname} does not let the demo in (${reason}): check the address and the password.`, {
      cause: error,
    });
  }
  return client;
}
