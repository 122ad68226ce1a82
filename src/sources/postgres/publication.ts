import { escapeIdentifier, type ClientBase } from 'pg';

import { ConnectError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { TableInfo } from './catalog.ts';
import type { PostgresSettings } from './settings.ts';
import { sqlState } from './sql-error.ts';

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

export interface PublicationState {
  readonly allTables: boolean;
  readonly viaPartitionRoot: boolean;
  /** What was put into it by name; empty for `FOR ALL TABLES`. */
  readonly tables: readonly TableName[];
}

interface PublicationRow {
  readonly oid: number;
  readonly all_tables: boolean;
  readonly via_root: boolean;
}

/** Null: there is no such publication. */
async function inspectPublication(client: ClientBase, name: string): Promise<PublicationState | null> {
  const { rows } = await client.query<PublicationRow>(
    'SELECT oid, puballtables AS all_tables, pubviaroot AS via_root FROM pg_catalog.pg_publication WHERE pubname = $1',
    [name],
  );
  const row = rows[0];
  if (row === undefined) return null;
  const tables = await client.query<TableName>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_publication_rel r
     JOIN pg_catalog.pg_class c ON c.oid = r.prrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE r.prpubid = $1`,
    [row.oid],
  );
  return { allTables: row.all_tables, viaPartitionRoot: row.via_root, tables: tables.rows };
}

/** The tables whose changes the publication brings, partitions and whole schemas resolved. */
export async function publishedTables(client: ClientBase, name: string): Promise<PublishedTable[]> {
  const { rows } = await client.query<PublishedTable>(
    `SELECT schemaname AS schema, tablename AS name,
            CASE WHEN current_setting('server_version_num')::int4 >= 180000 THEN to_jsonb(t) -> 'attnames' END AS columns
     FROM pg_catalog.pg_publication_tables t WHERE pubname = $1`,
    [name],
  );
  return rows;
}

export interface PublishedTable extends TableName {
  /** From Postgres 18 on: the columns that the stream brings, generated ones too where they are published. */
  readonly columns: readonly string[] | null;
}

/** The table with the generated columns that the stream brings as ordinary ones, since they come like any other. */
export function asPublished(table: TableInfo, published: PublishedTable): TableInfo {
  const names = published.columns ?? [];
  const columns = table.columns.map((column) =>
    column.generated !== '' && names.includes(column.name) ? { ...column, generated: '' as const } : column,
  );
  return { ...table, columns };
}

/** Checks, creates or alters the publication as `publication.autocreate.mode` says. `captured`: what the filters let through. */
export async function ensurePublication(
  client: ClientBase,
  settings: PostgresSettings,
  captured: readonly TableName[],
  log: Logger,
): Promise<void> {
  const { name, autocreateMode } = settings.publication;
  const state = await inspectPublication(client, name);
  if (autocreateMode === 'filtered' && captured.length === 0) {
    throw new ConnectError('postgres.publication', 'No table matches the table filters, so there is nothing to publish.', {
      remedy: 'Correct "table.include.list" and "schema.include.list", or create the tables first.',
    });
  }
  const { rows } = await client.query<{ takes: boolean }>("SELECT current_setting('server_version_num')::int4 >= 180000 AS takes");
  if (autocreateMode !== 'filtered' && settings.publication.viaPartitionRoot && state?.viaPartitionRoot === false) {
    log.warn(
      { publication: name },
      `the publication is used as it is, and brings changes of partitions under their own names although "publish.via.partition.root" is true: ALTER PUBLICATION ${escapeIdentifier(name)} SET (publish_via_partition_root = true)`,
    );
  }
  for (const statement of publicationStatements(settings, state, captured, rows[0]?.takes === true)) {
    log.info({ publication: name }, statement);
    await alterPublication(client, settings, statement);
  }
}

async function alterPublication(client: ClientBase, settings: PostgresSettings, statement: string): Promise<void> {
  const { name } = settings.publication;
  try {
    await client.query(statement);
  } catch (cause) {
    if (sqlState(cause) === '42710') return; // Another task created it just now.
    if (sqlState(cause) !== '42501') throw cause;
    throw new ConnectError(
      'postgres.privilege',
      `The user "${settings.connection.user}" may not create or change the publication "${name}".`,
      {
        cause,
        remedy: `Run as an owner of the tables (as a superuser for all tables): ${statement}; and set "publication.autocreate.mode" to "disabled".`,
      },
    );
  }
}

/** Pure: the SQL that is missing. */
function publicationStatements(
  settings: PostgresSettings,
  state: PublicationState | null,
  captured: readonly TableName[],
  takesGenerated: boolean,
): string[] {
  const { name, autocreateMode } = settings.publication;
  const publication = escapeIdentifier(name);
  const tables = captured.map(qualified).join(', ');
  if (state !== null) {
    if (autocreateMode !== 'filtered') return [];
    if (state.allTables) {
      throw new ConnectError(
        'postgres.publication',
        `The publication "${name}" is for all tables and cannot be narrowed to the captured ones.`,
        {
          remedy: `Choose another "publication.name", drop the publication (DROP PUBLICATION ${publication}), or set "publication.autocreate.mode" to "disabled".`,
        },
      );
    }
    return [
      ...(sameTables(state.tables, captured) ? [] : [`ALTER PUBLICATION ${publication} SET TABLE ${tables}`]),
      ...(settings.publication.viaPartitionRoot && !state.viaPartitionRoot
        ? [`ALTER PUBLICATION ${publication} SET (publish_via_partition_root = true)`]
        : []),
    ];
  }
  const options = publicationOptions(settings, takesGenerated);
  switch (autocreateMode) {
    case 'all_tables':
      return [`CREATE PUBLICATION ${publication} FOR ALL TABLES${options}`];
    case 'filtered':
      return [`CREATE PUBLICATION ${publication} FOR TABLE ${tables}${options}`];
    case 'no_tables':
      return [`CREATE PUBLICATION ${publication}${options}`];
    case 'disabled':
      throw new ConnectError(
        'postgres.publication',
        `There is no publication "${name}", and "publication.autocreate.mode" is "disabled".`,
        {
          remedy: `Create it (CREATE PUBLICATION ${publication} FOR TABLE ...), or correct "publication.name".`,
        },
      );
  }
}

function publicationOptions(settings: PostgresSettings, takesGenerated: boolean): string {
  const options: string[] = [];
  if (takesGenerated && settings.publication.generatedColumns) options.push('publish_generated_columns = stored');
  if (settings.publication.viaPartitionRoot) options.push('publish_via_partition_root = true');
  if (settings.stream.skippedOperationsExplicit) {
    const names = { c: 'insert', u: 'update', d: 'delete', t: 'truncate' } as const;
    // A snapshot beside the stream has to hear of rows that are gone, whether or not records come of it.
    const besideStream = settings.signals.expected || settings.snapshot.newTables === 'backfill';
    const needed = (op: string): boolean => besideStream && (op === 'd' || op === 't');
    const published = (['c', 'u', 'd', 't'] as const).filter((op) => needed(op) || !settings.stream.skippedOperations.has(op));
    options.push(`publish = '${published.map((op) => names[op]).join(', ')}'`);
  }
  return options.length === 0 ? '' : ` WITH (${options.join(', ')})`;
}

function sameTables(left: readonly TableName[], right: readonly TableName[]): boolean {
  const names = new Set(left.map(qualified));
  return names.size === right.length && right.every((table) => names.has(qualified(table)));
}

function qualified(table: TableName): string {
  return `${escapeIdentifier(table.schema)}.${escapeIdentifier(table.name)}`;
}
