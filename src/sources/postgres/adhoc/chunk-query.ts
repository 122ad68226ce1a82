import { escapeIdentifier, escapeLiteral } from 'pg';

import type { SnapshotTable } from '../snapshot-query.ts';

/** A column of the order in which a table is read in chunks; the server compares, by the column's own order and collation. */
export interface OrderColumn {
  readonly name: string;
  /** For literals, as `format_type(oid, -1)` prints it. */
  readonly type: string;
  /** The oid of its collation; 0: none. */
  readonly collation: number;
  readonly nullable: boolean;
}

/** Tells the orders of tables apart: a place in one says nothing in another. Empty: there is no order. */
export function orderText(table: number, order: readonly OrderColumn[]): string[] {
  return order.map(({ name, type, collation }) => `${table} ${name} ${type} ${collation}`);
}

/** Values of the order's columns as the server prints them. */
export type OrderKey = readonly (string | null)[];

export interface ChunkRequest {
  /** With the columns to be read. */
  readonly table: SnapshotTable;
  readonly order: readonly OrderColumn[];
  /** SQL that rows have to satisfy, or null. */
  readonly condition: string | null;
  /** Rows behind this one; null: from the start. */
  readonly after: OrderKey | null;
  /** Up to and including this one; null: to the end. */
  readonly max: OrderKey | null;
  /** Null: all rows. */
  readonly limit: number | null;
}

/** Rows in the order's order; behind the table's columns those of the order once more. Rows that are equal in it stay together. */
export function chunkStatement(request: ChunkRequest): string {
  const { table, order, limit } = request;
  const identifiers = order.map(({ name }) => escapeIdentifier(name));
  const list = [...table.columns.map((column) => escapeIdentifier(column.name)), ...identifiers].join(', ');
  const sorted = order.length === 0 ? '' : ` ORDER BY ${identifiers.join(', ')}`;
  const limited = limit === null || order.length === 0 ? '' : ` FETCH FIRST ${limit} ROWS WITH TIES`;
  return `COPY (SELECT ${list}${fromWhere(request)}${sorted}${limited}) TO STDOUT`;
}

/** The last row's key. */
export function maximumStatement(request: Omit<ChunkRequest, 'after' | 'max' | 'limit'>): string {
  const identifiers = request.order.map(({ name }) => escapeIdentifier(name));
  const texts = identifiers.map((identifier) => `${identifier}::text`);
  const descending = identifiers.map((identifier) => `${identifier} DESC`);
  return `SELECT ARRAY[${texts.join(', ')}] AS key${fromWhere({ ...request, after: null, max: null })} ORDER BY ${descending.join(', ')} LIMIT 1`;
}

function fromWhere({ table, order, condition, after, max }: Omit<ChunkRequest, 'limit'>): string {
  const { info } = table;
  const name = `${escapeIdentifier(info.schema)}.${escapeIdentifier(info.name)}`;
  const override = table.override === null ? null : `(${table.override.replace(/[\s;]+$/, '')}) AS source`;
  const conditions = [
    table.override === null ? table.rowFilter : null,
    condition,
    after === null ? null : behind(order, after),
    max === null ? null : `NOT (${behind(order, max)})`,
  ].filter((part) => part !== null);
  // ONLY: tables that inherit are read on their own, as the stream has them.
  const from = ` FROM ${override ?? (info.kind === 'p' ? name : `ONLY ${name}`)}`;
  return conditions.length === 0 ? from : `${from} WHERE ${conditions.map((part) => `(${part})`).join(' AND ')}`;
}

/** Rows behind `key`; NULL comes last, as in the server's ascending order. Never NULL itself, so that it can be negated. */
function behind(order: readonly OrderColumn[], key: OrderKey): string {
  if (order.every((column, index) => !column.nullable && key[index] !== null)) {
    const left = order.map(({ name }) => escapeIdentifier(name)).join(', ');
    return `ROW(${left}) > ROW(${order.map((column, index) => literal(column, key[index] ?? '')).join(', ')})`;
  }
  return order.reduceRight((rest, column, index) => {
    const name = escapeIdentifier(column.name);
    const value = key[index] ?? null;
    if (value === null) return `${name} IS NULL AND (${rest})`;
    const text = literal(column, value);
    return `${name} IS NULL OR ${name} > ${text} OR (${name} = ${text} AND (${rest}))`;
  }, 'false');
}

function literal(column: OrderColumn, text: string): string {
  return `${escapeLiteral(text)}::${column.type}`;
}
