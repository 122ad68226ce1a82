import { Op, type Change } from '../../../record/change.ts';
import type { RowSchema } from '../../../record/row-schema.ts';
import { CellState } from '../../../record/tuple-view.ts';
import type { TableInfo, TypeCatalog } from '../catalog.ts';
import { accepts } from '../name-list.ts';
import type { TableLayout, WireColumn } from '../table-shape.ts';
import type { ReselectSettings } from './reselect-settings.ts';

/** A column as the stream described it; names may have changed since, numbers never do. */
export interface PlannedColumn {
  /** In the row schema. */
  readonly index: number;
  /** `attnum` */
  readonly number: number;
  /** As the server describes a result: a domain's base type. */
  readonly typeOid: number;
}

/** How rows of one version of a table are looked up. */
export interface LookupPlan {
  readonly tableOid: number;
  /** For messages: `public.orders`. */
  readonly table: string;
  readonly key: readonly PlannedColumn[];
  readonly wanted: readonly PlannedColumn[];
  readonly names: TableLayout['names'];
  readonly captured: Uint16Array;
}

export interface DescribedTable {
  readonly layout: TableLayout;
  readonly wireColumns: readonly WireColumn[];
  readonly info: TableInfo;
  readonly types: TypeCatalog;
}

/** Null: no column of the table may be read again, or nothing names a row. */
export function planLookup({ layout, wireColumns, info, types }: DescribedTable, settings: ReselectSettings): LookupPlan | null {
  const { columnOf, rowSchema, captured, names } = layout;
  const planned = new Map<number, PlannedColumn>();
  for (const [index, wire] of wireColumns.entries()) {
    const number = info.columns.find((column) => column.name === wire.name)?.number;
    const column = columnOf[index] as number;
    if (number !== undefined && column >= 0) planned.set(column, { index: column, number, typeOid: types.base(wire.typeOid) });
  }
  const table = `${info.schema}.${info.name}`;
  const key = keyIndexes(rowSchema, info, settings).map((index) => planned.get(index));
  const wanted = [...captured]
    // What stands in a masked column is not its value.
    .filter((index) => rowSchema.visible?.includes(index) === true || rowSchema.columns[index]?.rewrite?.kind === 'hash')
    .filter((index) => accepts(settings.columns, `${table}:${rowSchema.columns[index]?.name ?? ''}`))
    .flatMap((index) => planned.get(index) ?? []);
  if (key.length === 0 || !key.every((column) => column !== undefined) || wanted.length === 0) return null;
  return { tableOid: info.oid, table, key, wanted, names, captured };
}

function keyIndexes(rowSchema: RowSchema, info: TableInfo, settings: ReselectSettings): number[] {
  if (settings.byEventKey) return [...rowSchema.key];
  return info.primaryKey.map((name) => rowSchema.columns.findIndex((column) => column.name === name));
}

/** Knows per schema what is looked up. */
export class LookupPlans {
  readonly settings: ReselectSettings;
  readonly #plans = new WeakMap<RowSchema, LookupPlan>();
  #schema: RowSchema | null = null;
  #plan: LookupPlan | null = null;

  constructor(settings: ReselectSettings) {
    this.settings = settings;
  }

  learn(table: DescribedTable): void {
    const plan = planLookup(table, this.settings);
    if (plan !== null) this.#plans.set(table.layout.rowSchema, plan);
    this.#schema = null;
  }

  of(schema: RowSchema): LookupPlan | null {
    if (schema !== this.#schema) {
      this.#schema = schema;
      this.#plan = this.#plans.get(schema) ?? null;
    }
    return this.#plan;
  }

  /** Rows of snapshots are whole; nothing else than a new row is ever filled. */
  lacks(change: Change): boolean {
    if (change.op !== Op.UPDATE && change.op !== Op.CREATE) return false;
    const plan = this.of(change.schema);
    if (plan === null) return false;
    for (const { index } of plan.wanted) if (this.isMissing(change, index)) return true;
    return false;
  }

  isMissing(change: Change, column: number): boolean {
    const state = change.after.state[column];
    return state === CellState.UNCHANGED ? this.settings.unavailable : state === CellState.NULL && this.settings.nulls;
  }
}
