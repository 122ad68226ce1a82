import { templateTable } from '../measure/bench-database.ts';
import type { TableModel } from './table-model.ts';

/** Tables that one transaction touches when there are many. */
const tablesPerTransaction = 50;

/**
 * Copies the template's first rows into the tables, in transactions of `rowsPerTransaction`; with several tables every
 * transaction goes to some of them, in turn.
 */
export function loadSql(tables: readonly string[], rows: number, rowsPerTransaction: number): string {
  const pieces = Math.min(tables.length, tablesPerTransaction, rowsPerTransaction);
  const pieceRows = Math.ceil(rowsPerTransaction / pieces);
  const target = tables.length === 1 ? null : `(ARRAY['${tables.join("','")}'])[1 + (piece % ${tables.length})]`;
  const select = `SELECT * FROM ${templateTable} WHERE id > piece * ${pieceRows} AND id <= least(piece * ${pieceRows} + ${pieceRows}, ${rows})`;
  const insert =
    target === null
      ? `INSERT INTO ${tables[0]} ${select};`
      : `EXECUTE 'INSERT INTO ' || ${target} || ' ${select.replace(/piece\b/g, "' || piece || '")}';`;
  return `DO $load$ BEGIN
    FOR piece IN 0 .. ${Math.ceil(rows / pieceRows) - 1} LOOP
      ${insert}
      IF (piece + 1) % ${pieces} = 0 THEN COMMIT; END IF;
    END LOOP;
    COMMIT;
  END $load$`;
}

/**
 * Updates rows 1 to `rows` to the cells of the template's next row (the last one to those of the first), or deletes them, in
 * transactions of `rowsPerTransaction`. `templateRows`: how many the template has.
 */
export function changeSql(
  op: 'u' | 'd',
  table: string,
  model: TableModel,
  { rows, templateRows, rowsPerTransaction }: { readonly rows: number; readonly templateRows: number; readonly rowsPerTransaction: number },
): string {
  const cells = model.columns.map(({ name }) => `"${name}" = s."${name}"`).join(', ');
  const range = `t.id > piece * ${rowsPerTransaction} AND t.id <= least(piece * ${rowsPerTransaction} + ${rowsPerTransaction}, ${rows})`;
  const change =
    op === 'd'
      ? `DELETE FROM ${table} t WHERE ${range}`
      : `UPDATE ${table} t SET ${cells} FROM ${templateTable} s WHERE s.id = t.id % ${templateRows} + 1 AND ${range}`;
  return `DO $change$ BEGIN
    FOR piece IN 0 .. ${Math.ceil(rows / rowsPerTransaction) - 1} LOOP
      ${change};
      COMMIT;
    END LOOP;
  END $change$`;
}
