import { escapeIdentifier, type Client, type QueryArrayConfig } from 'pg';

import { ConnectError } from '../../../base/errors.ts';
import type { SqlSession } from '../session.ts';
import type { LookupPlan, PlannedColumn } from './lookup-plan.ts';

/** What is asked for: rows by the text of their key, in the plan's order of key columns. */
export interface LookupRequest {
  readonly plan: LookupPlan;
  readonly columns: readonly PlannedColumn[];
  readonly keys: readonly (readonly string[])[];
}

/** By number of the key; absent: there is no such row. Texts in the order of the request's columns, null for NULL. */
export type FoundRows = ReadonlyMap<number, readonly (string | null)[]>;

interface Target {
  /** As it stands behind FROM. */
  readonly from: string;
  /** By `attnum`. */
  readonly columns: ReadonlyMap<number, { readonly name: string; readonly type: string }>;
}

const targetSql = `
  SELECT c.oid::pg_catalog.regclass::text AS name, c.relkind::text AS kind, a.attnum::int4 AS number, a.attname::text AS column,
         pg_catalog.format_type(a.atttypid, a.atttypmod) AS type
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
  WHERE c.oid = $1 AND a.attnum > 0 AND NOT a.attisdropped`;

/** Values stay the text that the server prints, which is what the stream brings, too. */
const asText = { getTypeParser: () => (text: string) => text } as unknown as NonNullable<QueryArrayConfig['types']>;

/**
 * Reads columns of many rows of a table by their keys, in one query. What is found is the row as it is now. Tables and
 * columns are told by oid and number: names are looked up once and again when the server does not know them any more.
 */
export class RowLookup {
  readonly #sql: SqlSession;
  readonly #targets = new WeakMap<LookupPlan, Target>();

  constructor(sql: SqlSession) {
    this.#sql = sql;
  }

  /** Rejects with `postgres.unreachable` when the connection is lost, `postgres.query` when the columns cannot be read. */
  async find(request: LookupRequest): Promise<FoundRows> {
    return this.#sql.use(`reading rows of ${request.plan.table} again`, async (client) => {
      const known = this.#targets.get(request.plan);
      if (known !== undefined) {
        try {
          const found = await ask(client, request, known);
          if (found !== null) return found;
        } catch (error) {
          if (!isChangedTable(error)) throw error;
        }
        this.#targets.delete(request.plan);
      }
      const target = await loadTarget(client, request.plan);
      this.#targets.set(request.plan, target);
      const found = await ask(client, request, target);
      if (found !== null) return found;
      throw new ConnectError(
        'postgres.query',
        `Columns of ${request.plan.table} that are to be read again were dropped or have another type now.`,
      );
    });
  }
}

async function loadTarget(client: Client, plan: LookupPlan): Promise<Target> {
  const { rows } = await client.query<{ name: string; kind: string; number: number; column: string; type: string }>(targetSql, [
    plan.tableOid,
  ]);
  const [first] = rows;
  if (first === undefined) throw new ConnectError('postgres.query', `The table ${plan.table} is gone, so its rows cannot be read again.`);
  // ONLY: tables that inherit from it have rows, and streams, of their own.
  const from = first.kind === 'p' ? first.name : `ONLY ${first.name}`;
  return { from, columns: new Map(rows.map(({ number, column, type }) => [number, { name: escapeIdentifier(column), type }])) };
}

/** Null: the columns are not those of the plan any more. */
async function ask(client: Client, { plan, columns, keys }: LookupRequest, target: Target): Promise<FoundRows | null> {
  const named = (planned: readonly PlannedColumn[]): { readonly name: string; readonly type: string }[] =>
    planned.flatMap(({ number }) => target.columns.get(number) ?? []);
  const [keyColumns, read] = [named(plan.key), named(columns)];
  if (keyColumns.length < plan.key.length || read.length < columns.length) return null;
  const parameters = keyColumns.map((_column, at) => `pg_catalog.unnest($${at + 1}::text[])`).join(', ');
  const names = keyColumns.map((_column, at) => `k${at}`).join(', ');
  const matches = keyColumns.map(({ name, type }, at) => `t.${name} = n.k${at}::${type}`).join(' AND ');
  const list = read.map(({ name }) => `, t.${name}`).join('');
  const { rows, fields } = await client.query<(string | null)[]>({
    text: `SELECT n.number${list} FROM ROWS FROM (${parameters}) WITH ORDINALITY AS n(${names}, number) JOIN ${target.from} AS t ON ${matches}`,
    values: keyColumns.map((_column, at) => keys.map((key) => key[at])),
    rowMode: 'array',
    types: asText,
  });
  // The names may have come to mean other columns in this very moment.
  const same = columns.every(({ number, typeOid }, at) => fields[at + 1]?.columnID === number && fields[at + 1]?.dataTypeID === typeOid);
  if (!same) return null;
  const found = new Map<number, readonly (string | null)[]>();
  for (const [number, ...cells] of rows) {
    const at = Number(number) - 1;
    // Where the key does not name one row only, the first that comes.
    if (!found.has(at)) found.set(at, cells);
  }
  return found;
}

/** undefined_column, undefined_table, invalid_schema_name: renamed or moved. */
function isChangedTable(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === '42703' || code === '42P01' || code === '3F000';
}
