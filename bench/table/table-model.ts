import type { CellKind } from './cell-kind.ts';

export interface TableColumn {
  readonly name: string;
  readonly type: string;
  /** SQL for the row number `id`: the same value on every machine. */
  readonly value: string;
  readonly kind: CellKind;
}

/** A table with a `bigint` primary key `id` that counts from 1, and these columns behind it. */
export interface TableModel {
  readonly title: string;
  readonly columns: readonly TableColumn[];
}

export function createTableSql(name: string, model: TableModel): string {
  const columns = model.columns.map((column) => `"${column.name}" ${column.type} NOT NULL`);
  return `CREATE TABLE ${name} (id bigint PRIMARY KEY, ${columns.join(', ')})`;
}

export function fillTableSql(name: string, model: TableModel, rows: number): string {
  return `INSERT INTO ${name} SELECT id, ${model.columns.map((column) => column.value).join(', ')} FROM generate_series(1, ${rows}) id`;
}
