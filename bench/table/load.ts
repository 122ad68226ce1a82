import { templateTable } from '../measure/bench-database.ts';

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
