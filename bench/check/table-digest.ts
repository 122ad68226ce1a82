import type { Client } from 'pg';
import type { TableModel } from '../table/table-model.ts';
import { CellHash } from './cell-hash.ts';

const pageRows = 20_000;

/** What the rows of a table hold, as one hash per row, indexed by an `id` that counts from 1 without gaps. */
export interface TableDigest {
  readonly rows: number;
  readonly high: Uint32Array;
  readonly low: Uint32Array;
}

/** Reads the table as text, so that nothing of the engines is used: only Postgres' own output. */
export async function digestTable(client: Client, table: string, model: TableModel, rows: number): Promise<TableDigest> {
  const digest = { rows, high: new Uint32Array(rows + 1), low: new Uint32Array(rows + 1) };
  const hash = new CellHash();
  const names = model.columns.map((column) => `"${column.name}"::text`).join(', ');
  let seen = 0;
  for (let from = 1; from <= rows; from += pageRows) {
    const page = await client.query<(string | null)[]>({
      text: `SELECT id::text, ${names} FROM ${table} WHERE id BETWEEN $1 AND $2 ORDER BY id`,
      values: [from, from + pageRows - 1],
      rowMode: 'array',
    });
    for (const [id, ...cells] of page.rows) {
      hash.begin();
      model.columns.forEach((column, index) => {
        const text = cells[index] ?? null;
        hash.add(text === null ? null : column.kind.fromText(text));
      });
      digest.high[Number(id)] = hash.high;
      digest.low[Number(id)] = hash.low;
      seen += 1;
    }
  }
  if (seen !== rows) throw new Error(`${table} holds ${seen} rows with ids from 1 to ${rows}, not ${rows}`);
  return digest;
}
