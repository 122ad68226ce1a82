import type { ClientBase } from 'pg';

import type { TableInfo } from '../catalog.ts';
import { loadTables, TypeCatalog } from '../catalog.ts';
import { compileNameList } from '../name-list.ts';
import { declareShape } from '../refused-shape.ts';
import { rowLayout, type NewLayout } from '../row-copy.ts';
import type { SnapshotTable } from '../snapshot-query.ts';
import { snapshotTables } from '../snapshot-tables.ts';
import type { StartContext } from '../start-context.ts';
import type { TypeInfo } from '../type-catalog.ts';
import type { AdhocParts } from './adhoc-parts.ts';
import type { Collection } from './adhoc-state.ts';
import type { OrderColumn } from './chunk-query.ts';
import type { WatchedTable } from './snapshot-window.ts';

/** How a table is read, as it is defined now. */
export interface TablePlan extends NewLayout {
  readonly collection: Collection;
  readonly info: TableInfo;
  /** Whose rows are read: the table itself, or one partition of it. */
  readonly from: SnapshotTable;
  /** Empty: there is nothing to order it by. */
  readonly order: readonly OrderColumn[];
  readonly condition: string | null;
  /** Column on the wire → cell: the row's own, and behind them those of the order. */
  readonly cellOf: Int16Array;
  readonly rowCells: number;
  /** Cells that tell rows apart. */
  readonly identity: Uint16Array;
  readonly watched: WatchedTable;
  /** Enums among the types of its columns, and what these are made of. */
  readonly enums: readonly TypeInfo[];
}

/** The tables that can be read: captured and published, as they are now. */
export async function readableTables(client: ClientBase, start: StartContext): Promise<SnapshotTable[]> {
  const { settings, source } = start;
  const types = await TypeCatalog.load(client);
  const everything = { ...settings, snapshot: { ...settings.snapshot, tables: compileNameList([], []), selectOverrides: new Map() } };
  const tables = await snapshotTables(client, everything, settings.publication.name, types, source.log);
  const { dataCollection } = settings.signals;
  return tables.filter(({ info }) => `${info.schema}.${info.name}` !== dataCollection);
}

/** `no-key`: nothing to order the rows by. `unknown`: no such table. `bad-key`: it has no such column. */
export type PlanFault = 'unknown' | 'no-key' | 'bad-key';

export async function planTable(
  client: ClientBase,
  start: StartContext,
  collection: Collection,
  kind: 'incremental' | 'blocking',
): Promise<TablePlan | PlanFault> {
  const tables = await readableTables(client, start);
  const found = tables.find(({ info }) =>
    collection.oid === null ? info.schema === collection.schema && info.name === collection.table : info.oid === collection.oid,
  );
  if (found === undefined) return 'unknown';
  const part = collection.partition === null ? null : await partitionOf(client, found.info, collection.partition);
  if (part !== null && part.info === null) return 'unknown';
  const types = await TypeCatalog.load(client);
  await types.resolve(
    client,
    found.columns.map((column) => column.typeOid),
  );
  // A whole SELECT in the place of the table; as blocking snapshots have it.
  const override = collection.condition !== null && /^\s*select\b/i.test(collection.condition) ? collection.condition : null;
  const { layout, shape } = rowLayout({ ...found, override }, types, start.settings, start.renames?.formerOf(found.info));
  const { rowSchema, table } = layout;
  const columns = rowSchema.columns.map(({ name }) => name);
  const key = [...rowSchema.key].map((cell) => columns[cell] ?? '');
  const orderNames = collection.surrogateKey === null ? key : [collection.surrogateKey];
  const order = await orderColumns(client, found.info, orderNames);
  if (order === null) return 'bad-key';
  if (order.length === 0 && kind === 'incremental') return 'no-key';
  const keyed = key.length > 0;
  const identity = keyed ? key : columns;
  const cellOf = new Int16Array(table.columns.length + order.length);
  cellOf.set(layout.cellOf.subarray(0, table.columns.length));
  for (let index = 0; index < order.length; index += 1) cellOf[table.columns.length + index] = columns.length + index;
  return {
    collection,
    info: found.info,
    layout,
    shape,
    from: part?.info === undefined || part.info === null ? table : { ...table, info: part.info },
    order,
    condition: part?.condition ?? (override === null ? collection.condition : null),
    cellOf,
    rowCells: columns.length,
    identity: Uint16Array.from(identity, (name) => columns.indexOf(name)),
    watched: { oid: found.info.oid, identity, keyed },
    enums: types.closure(table.columns.map(({ typeOid }) => typeOid)).filter((type) => type.kind === 'enum'),
  };
}

/**
 * Declares what the rows of the plan look like. The answer says whether they are to be rejected. Where they are not, the stream
 * must not reject theirs from here on: changes that are newer than what is read would be missing on the topic.
 */
export async function declarePlan(plan: TablePlan, { start, out, relations, standStill }: AdhocParts): Promise<TablePlan> {
  const { settings, source } = start;
  const { oid, schema, name } = plan.info;
  const table = `${schema}.${name}`;
  const refusal = await declareShape({ shape: plan.shape, table }, { policy: settings.tables.refusedPolicy, out, log: source.log });
  if (refusal === null && relations.refuses(oid)) await standStill(() => relations.reconsider(oid, out));
  return { ...plan, layout: { ...plan.layout, refusal } };
}

/** Debezium's word for a table that was read: whoever waits for its records must not take dead letters for them. */
export function readStatus({ layout }: TablePlan): 'SUCCEEDED' | 'SKIPPED' {
  return layout.refusal === null ? 'SUCCEEDED' : 'SKIPPED';
}

/**
 * Where the rows of a partition are read, and which. `info` null: it is no partition of the table any more. Who may read the
 * table need not have the right to read a partition by its own name.
 */
async function partitionOf(
  client: ClientBase,
  table: TableInfo,
  partition: number,
): Promise<{ readonly info: TableInfo | null; readonly condition: string | null }> {
  const { rows } = await client.query<{ readable: boolean }>(
    `SELECT pg_catalog.has_table_privilege(relid, 'SELECT') AS readable FROM pg_catalog.pg_partition_tree($1::oid) WHERE relid = $2::oid`,
    [table.oid, partition],
  );
  if (rows[0] === undefined) return { info: null, condition: null };
  if (!rows[0].readable) return { info: table, condition: `tableoid = ${partition}` };
  return { info: (await loadTables(client, { oids: [partition] }))[0] ?? null, condition: null };
}

/** Null: the table has no such column. */
async function orderColumns(client: ClientBase, info: TableInfo, names: readonly string[]): Promise<OrderColumn[] | null> {
  const { rows } = await client.query<{ name: string; type: string; collation: number }>(
    `SELECT attname AS name, pg_catalog.format_type(atttypid, -1) AS type, attcollation AS collation FROM pg_catalog.pg_attribute
     WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped`,
    [info.oid],
  );
  const order: OrderColumn[] = [];
  for (const name of names) {
    const row = rows.find((candidate) => candidate.name === name);
    const column = info.columns.find((candidate) => candidate.name === name);
    if (row === undefined || column === undefined) return null;
    order.push({ name, type: row.type, collation: row.collation, nullable: !column.notNull });
  }
  return order;
}
