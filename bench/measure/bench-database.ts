import { Client } from 'pg';
import type { TableDigest } from '../check/table-digest.ts';
import { digestTable } from '../check/table-digest.ts';
import type { TableModel } from '../table/table-model.ts';
import { forget, remember } from './leftovers.ts';
import { createTableSql, fillTableSql } from '../table/table-model.ts';

/** Where the rows lie that all engines get: outside `public`, so that no engine takes them for its own. */
export const templateTable = 'bench.template';

const dropWithinMs = 15_000;

/** A database of one scenario, with its rows ready; dropped at the end, slots first. */
export class BenchDatabase implements AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly digest: TableDigest;
  readonly model: TableModel;
  readonly client: Client;
  readonly #server: string;
  #dropping: Promise<void> | null = null;

  private constructor(server: string, name: string, url: string, client: Client, model: TableModel, digest: TableDigest) {
    this.#server = server;
    remember(this);
    this.name = name;
    this.url = url;
    this.client = client;
    this.model = model;
    this.digest = digest;
  }

  static async create(server: string, name: string, model: TableModel, rows: number): Promise<BenchDatabase> {
    await onServer(server, (client) => client.query(`CREATE DATABASE ${name}`));
    const url = new URL(server);
    url.pathname = `/${name}`;
    const client = await connect(url.href);
    const half = { [Symbol.asyncDispose]: () => dropDatabase(server, name, client) };
    remember(half);
    await client.query(`SET synchronous_commit = off; SET TimeZone = 'UTC'; CREATE SCHEMA bench`);
    await client.query(createTableSql(templateTable, model));
    await client.query(fillTableSql(templateTable, model, rows));
    await client.query(`ANALYZE ${templateTable}`);
    const digest = await digestTable(client, templateTable, model, rows);
    forget(half);
    return new BenchDatabase(server, name, url.href, client, model, digest);
  }

  connect(): Promise<Client> {
    return connect(this.url);
  }

  async value<T>(sql: string): Promise<T | null> {
    const { rows } = await this.client.query<{ value: T }>(sql);
    return rows[0]?.value ?? null;
  }

  /** Throws unless the tables together hold exactly the template's first rows: so the template's digest is theirs. */
  async requireSameRows(tables: readonly string[], rows: number): Promise<void> {
    const all = tables.map((table) => `SELECT * FROM ${table}`).join(' UNION ALL ');
    const same = await this.value<boolean>(
      `SELECT ${checksumOf(`(${all}) t`)} = ${checksumOf(`${templateTable} t WHERE id <= ${rows}`)} AS value`,
    );
    if (same !== true) throw new Error('the tables do not hold what was to be loaded');
  }

  /** Throws unless each row from 1 to `rows` holds the cells of the template's next row: what `changeSql` of updates has to make. */
  async requireUpdated(table: string, rows: number): Promise<void> {
    const cells = (from: string): string => `row(${this.model.columns.map(({ name }) => `${from}."${name}"`).join(', ')})::text`;
    const right = await this.value<string>(
      `SELECT count(*) AS value FROM ${table} t JOIN ${templateTable} s ON s.id = t.id % ${this.digest.rows} + 1 WHERE ${cells('t')} = ${cells('s')}`,
    );
    const all = await this.value<string>(`SELECT count(*) AS value FROM ${table} WHERE id BETWEEN 1 AND ${rows}`);
    if (Number(right) !== rows || Number(all) !== rows) throw new Error('the table does not hold what the updates were to make');
  }

  /** Ends the walsender of a slot and drops it. */
  async dropSlot(name: string): Promise<void> {
    const deadline = performance.now() + 15_000;
    for (;;) {
      const { rows } = await this.client.query<{ active_pid: number | null }>(
        'SELECT active_pid FROM pg_replication_slots WHERE slot_name = $1',
        [name],
      );
      if (rows.length === 0) return;
      try {
        if (rows[0]?.active_pid != null) await this.client.query('SELECT pg_terminate_backend($1)', [rows[0].active_pid]);
        await this.client.query('SELECT pg_drop_replication_slot($1)', [name]);
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    forget(this);
    this.#dropping ??= dropDatabase(this.#server, this.name, this.client);
    return this.#dropping;
  }
}

/** With its slots; an engine that is about to end may still hold one, or be making it. */
async function dropDatabase(server: string, name: string, own: Client): Promise<void> {
  await own.end().catch(() => undefined);
  const deadline = performance.now() + dropWithinMs;
  for (;;) {
    try {
      await onServer(server, async (client) => {
        const slots = `FROM pg_replication_slots WHERE database = '${name}'`;
        await client.query(`SELECT pg_terminate_backend(active_pid) ${slots} AND active_pid IS NOT NULL`);
        await client.query(`SELECT pg_drop_replication_slot(slot_name) ${slots}`);
        await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      });
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function checksumOf(from: string): string {
  return `(SELECT count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM ${from})`;
}

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => {}); // A failed query tells.
  await client.connect();
  return client;
}

async function onServer(server: string, act: (client: Client) => Promise<unknown>): Promise<void> {
  const client = await connect(server);
  try {
    await act(client);
  } finally {
    await client.end();
  }
}
