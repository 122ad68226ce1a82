import { escapeIdentifier, type Client } from 'pg';

import { ConnectError } from '../../../base/errors.ts';
import { TupleView } from '../../../record/tuple-view.ts';
import type { TableInfo } from '../catalog.ts';
import { CopyOut, type CopyRoom } from '../copy-out.ts';
import { CopyText } from '../copy-text.ts';
import { parseLsn } from '../lsn.ts';
import { rewrittenSql } from '../snapshot-hold.ts';
import type { SqlSession } from '../session.ts';
import { sqlState } from '../sql-error.ts';
import { TransactionView } from '../transaction-view.ts';

/** One database snapshot, for as long as its transaction is open. */
export interface ReadView {
  readonly transactions: TransactionView;
  /** Everything that it sees was committed before this place in the log. */
  readonly horizon: bigint;
  /** The server has written its log to disk up to the horizon, so that the stream gets there without help. */
  readonly flushed: boolean;
  /** Microseconds since 1970-01-01. */
  readonly takenMicros: number;
  /** By table: its definition in one text; another text means that it was altered. */
  readonly definitions: ReadonlyMap<number, string>;
}

interface Definition {
  readonly oid: number;
  readonly definition: string;
}

interface ViewRow {
  readonly view: string;
  readonly micros: string;
  readonly inserted: string;
  readonly flushed: string;
  readonly block: string;
  readonly segment: string;
}

const lockTimeoutMs = 1000;

const viewSql = `
  SELECT pg_catalog.pg_current_snapshot()::text AS view, (extract(epoch FROM now()) * 1000000)::int8::text AS micros,
         CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
              ELSE pg_catalog.pg_current_wal_insert_lsn() END::text AS inserted,
         CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
              ELSE pg_catalog.pg_current_wal_flush_lsn() END::text AS flushed,
         pg_catalog.current_setting('wal_block_size') AS block,
         pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size'))::text AS segment`;

const definitionSql = (oids: readonly number[]): string => `
  SELECT attrelid AS oid, pg_catalog.md5((SELECT relnamespace || ' ' || relname || ' ' FROM pg_catalog.pg_class WHERE oid = attrelid) || pg_catalog.string_agg(
           attnum || ' ' || pg_catalog.quote_ident(attname) || ' ' || atttypid || ' ' || atttypmod || ' ' || attnotnull, ',' ORDER BY attnum)
           || COALESCE((SELECT pg_catalog.string_agg(indexrelid || ' ' || indkey::text, ',' ORDER BY indexrelid) FROM pg_catalog.pg_index
                        WHERE indrelid = attrelid AND indisprimary), '')) AS definition
  FROM pg_catalog.pg_attribute WHERE attrelid IN (${oids.join(', ')}) AND attnum > 0 AND NOT attisdropped GROUP BY attrelid`;

/** The session in which rows of ad-hoc snapshots are read; one database snapshot at a time. */
export class SnapshotReader {
  readonly #connect: () => Promise<Client>;
  readonly #sql: SqlSession;
  #client: Client | null = null;
  #closed = false;
  /** The user may read some columns of a table only, and not lock it. */
  #holdsByReading = false;

  /** `sql`: sees the tables as they are now. */
  constructor(connect: () => Promise<Client>, sql: SqlSession) {
    this.#connect = connect;
    this.#sql = sql;
  }

  /** Connects, so that `open` takes no longer than a question and an answer. */
  async ready(): Promise<Client> {
    if (this.#client !== null) return this.#client;
    const client = await this.#connect();
    if (this.#closed) {
      client.connection.stream.destroy();
      throw new Error('the stream has ended');
    }
    this.#client = client;
    client.once('end', () => {
      if (this.#client === client) this.#client = null;
    });
    // A policy that hides rows from this user must be an error, not a table with fewer rows.
    await client.query('SET row_security = off; SET max_parallel_workers_per_gather = 0');
    return client;
  }

  /**
   * Takes a database snapshot in which the tables can neither be altered nor truncated; ends the one before. Locks first:
   * what was rewritten after a snapshot was taken looks empty in it. Null: a table was altered in this very moment.
   */
  async open(tables: readonly TableInfo[]): Promise<ReadView | null> {
    const client = await this.ready();
    const names = tables.map(
      ({ kind, schema, name }) => `${kind === 'p' ? '' : 'ONLY '}${escapeIdentifier(schema)}.${escapeIdentifier(name)}`,
    );
    const oids = tables.map(({ oid }) => oid);
    if (!this.#holdsByReading) {
      try {
        return viewOf(await begin(client, [`LOCK TABLE ${names.join(', ')} IN ACCESS SHARE MODE`, viewSql, definitionSql(oids)]));
      } catch (error) {
        if (sqlState(error) !== '42501') throw error;
        this.#holdsByReading = true;
      }
    }
    // A right to any column will do. The snapshot is older than the lock, so what was altered in between is looked for.
    const holds = names.map((name) => `SELECT FROM ${name} LIMIT 0`);
    const results = await begin(client, [...holds, viewSql, definitionSql(oids), rewrittenSql(oids)]);
    const view = viewOf(results.slice(0, -1));
    const now = await this.#sql.use('reading the catalog', (session) => session.query<Definition>(definitionSql(oids)));
    const asSeen = now.rows.every(({ oid, definition }) => view.definitions.get(oid) === definition);
    return results.at(-1)?.rows.length === 0 && asSeen ? view : null;
  }

  /** Runs a `COPY` whose rows have one column for each cell of `tuple`; `onRow` as in `CopyText`. */
  async copy(statement: string, cellOf: Int16Array, cells: number, room: CopyRoom, onRow: (tuple: TupleView) => boolean): Promise<void> {
    const client = await this.ready();
    const tuple = new TupleView(Math.max(1, cells));
    const reader = new CopyText(tuple, cellOf, cells, () => onRow(tuple));
    const copy = new CopyOut(statement, reader, room);
    client.query(copy);
    await copy.done;
    reader.flush();
  }

  async query<Row extends object>(statement: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await (await this.ready()).query<Row>(statement, [...values])).rows;
  }

  /** Ends the snapshot. */
  async done(): Promise<void> {
    await this.#client?.query('ROLLBACK');
  }

  close(): void {
    this.#closed = true;
    this.abandon();
  }

  /** Whatever is under way ends with an error. */
  abandon(): void {
    const client = this.#client;
    this.#client = null;
    client?.connection.stream.destroy();
  }
}

interface Result {
  readonly rows: readonly object[];
}

async function begin(client: Client, statements: readonly string[]): Promise<readonly Result[]> {
  const start = ['ROLLBACK', 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', `SET LOCAL lock_timeout = ${lockTimeoutMs}`];
  return (await client.query([...start, ...statements].join('; '))) as unknown as readonly Result[];
}

/** The last two results are those of `viewSql` and `definitionSql`. */
function viewOf(results: readonly Result[]): ReadView {
  const row = results.at(-2)?.rows[0] as ViewRow | undefined;
  const definitions = results.at(-1)?.rows as readonly Definition[] | undefined;
  if (row === undefined || definitions === undefined) throw new ConnectError('postgres.protocol', 'The server did not tell its snapshot.');
  const horizon = tightLsn(parseLsn(row.inserted), BigInt(row.block), BigInt(row.segment));
  return {
    transactions: new TransactionView(row.view),
    horizon,
    flushed: parseLsn(row.flushed) >= horizon,
    takenMicros: Number(row.micros),
    definitions: new Map(definitions.map(({ oid, definition }) => [oid, definition])),
  };
}

/**
 * Where the next record will be put, behind the header of a page that has nothing else on it, is written down as the end
 * of the page before: that is what a stream that has brought everything reports.
 */
export function tightLsn(lsn: bigint, blockBytes: bigint, segmentBytes: bigint): bigint {
  const page = lsn - (lsn % blockBytes);
  const headerBytes = page % segmentBytes === 0n ? 40n : 24n;
  return lsn - page === headerBytes ? page : lsn;
}

/** The table is being altered at the moment: try again. */
export function isLockTimeout(error: unknown): boolean {
  return sqlState(error) === '55P03';
}
