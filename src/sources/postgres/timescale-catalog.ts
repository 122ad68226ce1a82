import type { SessionFactory } from './session.ts';
import { sqlError } from './sql-error.ts';

export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** What TimescaleDB says of a chunk. */
export interface ChunkOwner {
  readonly hypertable: TableName;
  /** The continuous aggregate whose rows the hypertable keeps; null: it is one of the user's own. */
  readonly aggregate: TableName | null;
}

const catalog = '_timescaledb_catalog';

const query = `
  SELECT c.schema_name AS chunk_schema, c.table_name AS chunk_table, h.schema_name AS schema, h.table_name AS table,
    a.user_view_schema AS view_schema, a.user_view_name AS view
  FROM ${catalog}.chunk c JOIN ${catalog}.hypertable h ON c.hypertable_id = h.id
    LEFT JOIN ${catalog}.continuous_agg a ON a.mat_hypertable_id = h.id`;

interface Row {
  readonly chunk_schema: string;
  readonly chunk_table: string;
  readonly schema: string;
  readonly table: string;
  readonly view_schema: string | null;
  readonly view: string | null;
}

/** Chunks of TimescaleDB and what they belong to, read when one is asked for that is not known. */
export class TimescaleCatalog {
  readonly #sessions: SessionFactory;
  #owners: ReadonlyMap<string, ChunkOwner> = new Map();
  /** One reading after the other, so that a chunk is not missed by one that began before it was there. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(sessions: SessionFactory) {
    this.#sessions = sessions;
  }

  /** Null: no chunk, as far as is known. */
  owner(chunk: TableName): ChunkOwner | null {
    return this.#owners.get(keyOf(chunk)) ?? null;
  }

  /** Null: no chunk. */
  find(chunk: TableName): Promise<ChunkOwner | null> {
    const found = this.#last.then(async () => {
      if (this.owner(chunk) === null) this.#owners = await this.#read();
      return this.owner(chunk);
    });
    this.#last = found.catch(() => {});
    return found;
  }

  async #read(): Promise<Map<string, ChunkOwner>> {
    const client = await this.#sessions.connect();
    try {
      const { rows } = await client.query<Row>(query);
      return new Map(
        rows.map((row) => {
          const { schema, table, view_schema: viewSchema, view } = row;
          const aggregate = viewSchema === null || view === null ? null : { schema: viewSchema, table: view };
          return [keyOf({ schema: row.chunk_schema, table: row.chunk_table }), { hypertable: { schema, table }, aggregate }];
        }),
      );
    } catch (error) {
      throw sqlError(error, this.#sessions.context('reading the catalog of TimescaleDB'));
    } finally {
      await client.end().catch(() => {});
    }
  }
}

function keyOf({ schema, table }: TableName): string {
  return `${schema}\0${table}`;
}
