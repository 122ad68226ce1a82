import { ConnectError } from '../../base/errors.ts';
import type { ColumnInfo, TableInfo } from './catalog.ts';
import type { TableShapeInput } from './table-shape.ts';

/**
 * The columns of the key as indexes into the tuple, in key order; empty: records have no key.
 *
 * `message.key.columns` decides, else the primary key (or the unique index in its stead). Where the old image holds the
 * columns of an index other than the primary key, that index is the key: the primary key of a deleted row is not known
 * there. `infos` are the catalog's columns by tuple index.
 */
export function tableKey(input: TableShapeInput, infos: readonly (ColumnInfo | null)[]): number[] {
  const { info } = input;
  const custom = customKey(input);
  if (custom !== null) return custom;
  if (info === null) return wireIdentity(input);
  const wanted = keyOfMoment(input, info, infos);
  const indexes = wanted.map((name) => infos.findIndex((column) => column?.name === name));
  // The key of now is not the key of then: a column that was dropped or is not published, another primary key or identity.
  return indexes.includes(-1) || !isInOldImages(input, indexes) ? wireIdentity(input) : indexes;
}

/** Whether deleted rows have these columns, as far as the wire tells: under FULL it marks all columns, and none where there is no identity. */
function isInOldImages({ wireColumns }: TableShapeInput, indexes: readonly number[]): boolean {
  const marked = wireColumns.filter(({ isKey }) => isKey).length;
  if (marked === 0 || marked === wireColumns.length) return true;
  return indexes.length > 0 && indexes.every((index) => wireColumns[index]?.isKey === true);
}

/** The columns that old images have. */
export function identityColumns(info: TableInfo): ReadonlySet<string> {
  switch (info.replicaIdentity) {
    case 'f':
      return new Set(info.columns.map((column) => column.name));
    case 'i':
      return new Set(info.identityIndexColumns);
    case 'd':
      return new Set(info.primaryKey);
    case 'n':
      return new Set();
  }
}

/**
 * What identifies a row in the stream is what the description of the table said at that moment: the catalog may have
 * another key by now. It is asked for the order of the columns, and for what a description does not tell.
 */
function keyOfMoment(input: TableShapeInput, info: TableInfo, infos: readonly (ColumnInfo | null)[]): readonly string[] {
  const { identity, wireColumns } = input;
  if (identity === undefined) return keyColumns(info);
  const flagged = wireColumns.flatMap(({ isKey }, index) => (isKey ? [infos[index]?.name ?? ''] : []));
  const { primaryKey, identityIndexColumns } = info;
  if (identity === 'f' || identity === 'n' || flagged.length === 0) return primaryKey;
  if (identity === 'd') return sameNames(flagged, primaryKey) ? primaryKey : flagged;
  if (primaryKey.length > 0 && primaryKey.every((name) => flagged.includes(name))) return primaryKey;
  return sameNames(flagged, identityIndexColumns) ? identityIndexColumns : flagged;
}

function sameNames(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name) => right.includes(name));
}

/** The key of a table as the catalog has it; column names. */
export function keyColumns(info: TableInfo): readonly string[] {
  const identity = info.identityIndexColumns;
  const covered = info.primaryKey.every((name) => identity.includes(name));
  return info.replicaIdentity === 'i' && identity.length > 0 && !(covered && info.primaryKey.length > 0) ? identity : info.primaryKey;
}

function customKey(input: TableShapeInput): number[] | null {
  const table = `${input.schema}.${input.table}`;
  const rule = input.settings.tables.keys.find((key) => key.tables.test(table));
  if (rule === undefined) return null;
  return rule.columns.map((name) => {
    const index = input.wireColumns.findIndex((column) => column.name === name);
    if (index >= 0) return index;
    throw new ConnectError(
      'config.invalid',
      `"message.key.columns" names the column "${name}", which table ${table} does not have or does not publish.`,
      {
        remedy: 'Correct the column name in "message.key.columns".',
        details: { table, column: name },
      },
    );
  });
}

/** Under REPLICA IDENTITY FULL every column is part of the identity, which says nothing about a key. */
function wireIdentity({ wireColumns }: TableShapeInput): number[] {
  const indexes = wireColumns.flatMap((column, index) => (column.isKey ? [index] : []));
  return indexes.length === wireColumns.length && indexes.length > 1 ? [] : indexes;
}
