import { Client } from 'pg';
import type { QueryResult, QueryResultRow } from 'pg';
import { stack } from './stack.ts';
import { uniqueName } from './unique-name.ts';

/** A database of a test's own: `await using db = await createDatabase()` drops it at the end of the block, slots first. */
export interface Database extends AsyncDisposable {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly url: string;
  /** Runs one or more statements (without values), or one statement with values; answers the last result's rows. */
  query<Row extends QueryResultRow = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** A further session, for transactions that are open side by side. Closed with the database. */
  connect(): Promise<Client>;
}

/** `server`: URL of another server, for example `stack.postgres15`. */
export async function createDatabase(server: string = stack.postgres): Promise<Database> {
  const name = uniqueName('test');
  await onServer(server, async (admin) => void (await admin.query(`CREATE DATABASE ${name}`)));
  const url = new URL(server);
  url.pathname = `/${name}`;
  const clients: Client[] = [];
  const connect = async (): Promise<Client> => {
    const client = new Client({ connectionString: url.href, connectionTimeoutMillis: 60_000 });
    client.on('error', () => {}); // Dropping the database ends sessions that a failed test left behind.
    await client.connect();
    clients.push(client);
    return client;
  };
  const session = await connect();
  return {
    name,
    host: url.hostname,
    port: Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    url: url.href,
    async query<Row extends QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]> {
      const result: QueryResult<Row> | QueryResult<Row>[] = await session.query<Row>(sql, values === undefined ? undefined : [...values]);
      return (Array.isArray(result) ? result.at(-1)?.rows : result.rows) ?? [];
    },
    connect,
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(clients.map((client) => client.end()));
      await onServer(server, (admin) => drop(admin, name));
    },
  };
}

/** A slot keeps its database from being dropped and its WAL from being removed, so it goes first, whoever reads it. */
async function drop(admin: Client, name: string): Promise<void> {
  const deadline = performance.now() + 120_000;
  for (;;) {
    try {
      await admin.query(
        'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = $1 AND active_pid IS NOT NULL',
        [name],
      );
      await admin.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = $1', [name]);
      await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      return;
    } catch (error) {
      // A reader that has just been told to leave still holds its slot for a moment (55006 object in use).
      if ((error as { code?: string }).code !== '55006' || performance.now() > deadline) throw error;
    }
  }
}

async function onServer(server: string, work: (admin: Client) => Promise<void>): Promise<void> {
  const admin = new Client({ connectionString: server, connectionTimeoutMillis: 60_000 });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}
