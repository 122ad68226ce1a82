import type { Client } from 'pg';

import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { OffsetMap } from '../../record/offset.ts';
import type { TableInfo } from './catalog.ts';
import { ColumnRenames, type ColumnsRead, type FormerNames } from './column-renames.ts';
import { parseLsn } from './lsn.ts';
import type { RelationMessage } from './relation-cache.ts';
import type { SqlSession } from './session.ts';
import { TransactionView } from './transaction-view.ts';

/** The member of an offset that keeps what columns were called before. */
const renamesMember = 'columns_renamed';

const visibleAttemptsMax = 50;
const visibleWaitMs = 10;

/** Where generated columns or a list of columns take part, the stream brings other columns than the table has: `partial`. */
const columnsSql = `
  SELECT a.attrelid AS oid, array_agg(a.attnum::int4 ORDER BY a.attnum) FILTER (WHERE NOT a.attisdropped) AS live,
         array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE NOT a.attisdropped) AS names, max(a.attnum)::int4 AS highest,
         bool_or(a.attgenerated <> '' AND NOT a.attisdropped) OR EXISTS (
           SELECT FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid
           WHERE p.pubname = $2 AND r.prrelid = a.attrelid AND to_jsonb(r) ->> 'prattrs' IS NOT NULL) AS partial
  FROM pg_catalog.pg_attribute a WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 GROUP BY a.attrelid`;

interface ColumnsRow {
  readonly oid: number;
  readonly live: readonly number[] | null;
  readonly names: readonly string[] | null;
  readonly highest: number;
  readonly partial: boolean;
}

interface Reading {
  readonly names: readonly string[];
  readonly read: ColumnsRead;
}

export interface RenameWatchOptions {
  readonly sql: SqlSession;
  readonly clock: Clock;
  readonly log: Logger;
  readonly publication: string;
}

/** Asks the catalog for what `ColumnRenames` needs, only when a table is described with other columns than before. */
export class RenameWatch {
  readonly #options: RenameWatchOptions;
  readonly #renames = new ColumnRenames();

  constructor(options: RenameWatchOptions) {
    this.#options = options;
  }

  /** For the offset. */
  members(): OffsetMap & object {
    const text = this.#renames.toText();
    return text === null ? {} : { [renamesMember]: text };
  }

  /** Before the stream begins. `offset`: the stored one. */
  async begin(tables: readonly number[], offset: OffsetMap | null): Promise<void> {
    const stored = offset?.[renamesMember];
    const former = ColumnRenames.parse(typeof stored === 'string' ? stored : null);
    const { readings } = await this.#options.sql.use('reading the columns', (client) => this.#read(client, tables));
    for (const [oid, { names, read }] of readings) this.#renames.start(oid, names, read, former.get(oid));
  }

  /** What the columns of a table that the stream describes were called before. */
  async former({ id, schema, table, columns }: RelationMessage, xid: number, lsn: bigint): Promise<FormerNames> {
    const names = columns.map(({ name }) => name);
    if (!this.#renames.asks(id, names)) {
      this.#renames.again(id, lsn);
      return new Map();
    }
    const known = this.#renames.toText();
    const former = this.#renames.described(id, names, lsn, await this.#readAfter(id, xid));
    if (known !== this.#renames.toText()) {
      const renamed = Object.fromEntries(former);
      this.#options.log.info({ table: `${schema}.${table}`, renamed }, 'a column was renamed: its field has the former names as aliases');
    }
    return former;
  }

  /** The same for the table as the catalog has it. */
  formerOf(info: TableInfo): FormerNames {
    return this.#renames.formerOf(info.oid, new Map(info.columns.map(({ number, name }) => [number, name])));
  }

  /** When the transaction is visible; null: it is not for too long, or the numbers say nothing about the stream. */
  async #readAfter(table: number, xid: number): Promise<ColumnsRead | null> {
    const { sql, clock } = this.#options;
    for (let attempt = 1; attempt <= visibleAttemptsMax; attempt += 1) {
      const { view, readings } = await sql.use('reading the columns', (client) => this.#read(client, [table]));
      if (xid === 0 || view.sees(xid)) return readings.get(table)?.read ?? null;
      await clock.sleep(visibleWaitMs);
    }
    return null;
  }

  /** First what is visible, last how far the log is: the reading lies between the two. */
  async #read(client: Client, tables: readonly number[]): Promise<{ view: TransactionView; readings: Map<number, Reading> }> {
    const { rows: views } = await client.query<{ view: string }>('SELECT pg_catalog.pg_current_snapshot()::text AS view');
    const { rows } = await client.query<ColumnsRow>(columnsSql, [tables, this.#options.publication]);
    const { rows: ends } = await client.query<{ lsn: string }>('SELECT pg_catalog.pg_current_wal_insert_lsn()::text AS lsn');
    const lsn = parseLsn(ends[0]?.lsn ?? '0/0');
    const readings = new Map<number, Reading>();
    for (const { oid, live, names, highest, partial } of rows) {
      if (!partial) readings.set(oid, { names: names ?? [], read: { live: live ?? [], highest, lsn } });
    }
    return { view: new TransactionView(views[0]?.view ?? ''), readings };
  }
}
