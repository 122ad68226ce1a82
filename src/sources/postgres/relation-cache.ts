import { hash } from 'node:crypto';
import type { ConnectError } from '../../base/errors.ts';
import { silentLog, type Logger } from '../../base/log.ts';
import type { ChangeOutlet } from '../../connect/source.ts';
import type { Change } from '../../record/change.ts';
import type { RowSchema } from '../../record/row-schema.ts';
import type { ReplicaIdentity, TableInfo, TypeCatalog } from './catalog.ts';
import type { CompositeWatch } from './composite-watch.ts';
import type { RelationCatalog } from './relation-catalog.ts';
import { EnumLabels } from './enum-labels.ts';
import type { FormerNames } from './column-renames.ts';
import type { PostgresSettings } from './settings.ts';
import type { RenameWatch } from './rename-watch.ts';
import { declareShape } from './refused-shape.ts';
import type { LookupPlans } from './reselect/lookup-plan.ts';
import type { SnapshotFilter, TableRegions } from './snapshot-filter.ts';
import type { TableFilter } from './table-filter.ts';
import { identityColumns } from './table-key.ts';
import type { CollectionCounter, TransactionRecords } from './transaction-records.ts';
import { buildTableShape, type TableLayout, type WireColumn } from './table-shape.ts';

export type RelationColumn = WireColumn;

/** A Relation message as it came. */
export interface RelationMessage {
  readonly id: number;
  readonly schema: string;
  readonly table: string;
  readonly identity: ReplicaIdentity;
  readonly columns: readonly RelationColumn[];
}

/** May a column have nulls? */
export const Required = { NO: 0, YES: 1, FOUND_NULL: 2 } as const;

/** A table as the rows that follow are laid out. */
export interface Relation {
  /** The table's oid. */
  readonly id: number;
  readonly schema: string;
  readonly table: string;
  readonly columns: RowSchema['columns'];
  /** Null: the table is not captured; its rows are stepped over. */
  readonly layout: TableLayout | null;
  readonly rowSchema: RowSchema | null;
  readonly columnOf: Int16Array;
  /** 1 for columns of the replica identity, by wire column. */
  readonly isKey: Uint8Array;
  /** `Required`, by column of `rowSchema`. */
  readonly required: Uint8Array;
  /** Columns of `rowSchema`. */
  readonly columnCount: number;
  readonly key: Uint16Array;
  /** What the value shows; columns of `rowSchema`. */
  readonly captured: Uint16Array;
  /** Old images are whole rows. */
  readonly wholeOld: boolean;
  /** Which snapshot has read which of its rows; null: none whose changes are still to come. */
  readonly regions: TableRegions | null;
  /** Null unless transactions are recorded. */
  readonly counter: CollectionCounter | null;
  /** Null: it has no enums. */
  readonly labels: EnumLabels | null;
  /** Rows that are inserted into it are signals. */
  readonly isSignalTable: boolean;
  /** Why its rows are rejected instead of emitted; null: they are emitted. */
  readonly refusal: ConnectError | null;
}

/** A table with what its message does not say. */
interface Description {
  readonly message: RelationMessage;
  /** Null: whichever transaction. */
  readonly xid: number | null;
  readonly info: TableInfo | null;
  readonly former: FormerNames | undefined;
  readonly nullable: ReadonlySet<string>;
}

interface Known {
  readonly layout: TableLayout;
  /** See `Relation`. */
  readonly refusal: ConnectError | null;
  readonly fingerprint: string;
  /** A column's type has fields of its own. */
  readonly composed: boolean;
  readonly labels: EnumLabels | null;
}

/** A message, the transaction in which it came, and where in the log that begins; 0: unknown. */
interface Described {
  readonly message: RelationMessage;
  readonly xid: number;
  readonly lsn: bigint;
  /** Columns that rows have shown to have nulls at this moment, whatever the catalog says by now. */
  readonly nullable: ReadonlySet<string>;
}

const none: ReadonlySet<string> = new Set();

/**
 * Which relation id means which table now. Belongs to one session: the server describes every table anew in each, and
 * again whenever the table may have changed. A description that says what was known keeps the identity of the
 * `RowSchema`, so that nothing is declared again; rows are read by the description that came before them, never by
 * what the catalog says meanwhile.
 */
export class RelationCache {
  readonly #settings: PostgresSettings;
  readonly #filter: TableFilter;
  readonly #catalog: RelationCatalog;
  readonly #change: Change;
  readonly #shown: SnapshotFilter;
  readonly #transactions: TransactionRecords | null;
  /** Which columns are read again; null: none. */
  readonly #lookups: LookupPlans | null;
  readonly #renames: RenameWatch | null;
  readonly #log: Logger;
  readonly #relations = new Map<number, Relation>();
  readonly #known = new Map<number, Known>();
  /** A captured name means another table now than it did before: nothing in the stream says what became of its rows. */
  onReplaced: (table: string) => void = () => {};
  /** Notices when composite types are altered; null: none is shown field by field. */
  composites: CompositeWatch | null = null;
  /** As they were described last. */
  readonly #described = new Map<number, Described>();
  /** Which table a name meant last. */
  readonly #owners = new Map<string, number>();
  #lastId = -1;
  #last: Relation | null = null;
  #pending: Described | null = null;
  #deferred: ((out: ChangeOutlet) => Promise<void>) | null = null;

  constructor(
    settings: PostgresSettings,
    filter: TableFilter,
    catalog: RelationCatalog,
    change: Change,
    shown: SnapshotFilter,
    transactions: TransactionRecords | null = null,
    lookups: LookupPlans | null = null,
    renames: RenameWatch | null = null,
    log: Logger = silentLog,
  ) {
    this.#log = log;
    this.#renames = renames;
    this.#lookups = lookups;
    this.#settings = settings;
    this.#filter = filter;
    this.#catalog = catalog;
    this.#change = change;
    this.#shown = shown;
    this.#transactions = transactions;
  }

  /** Null: not described yet. Rows come in runs of one table, so the last answer is kept. */
  get(id: number): Relation | null {
    if (id === this.#lastId) return this.#last;
    const relation = this.#relations.get(id) ?? null;
    this.#lastId = id;
    this.#last = relation;
    return relation;
  }

  #set(id: number, relation: Relation): void {
    this.#relations.set(id, relation);
    this.#lastId = -1;
  }

  /** `xid`: the transaction in which it came, 0: unknown; `lsn`: where in the log that begins, 0: unknown. True: call `resolve` before the next frame. */
  define(message: RelationMessage, xid: number, lsn: bigint): boolean {
    if (this.#filter.acceptsTable(message.schema, message.table)) {
      this.#pending = { message, xid, lsn, nullable: none };
      return true;
    }
    this.#set(message.id, this.#isSignalTable(message) ? readOver(message) : stepOver(message));
    if (this.#isSignalTable(message)) this.#change.after.reserve(message.columns.length);
    return false;
  }

  /** A transaction begins; `room`: whether the outlet has any. True: call `resolve` before the next frame. */
  begins(xid: number, room: boolean): boolean {
    const { composites } = this;
    if (composites === null || composites.holds(xid)) return false;
    this.defer(async (out) => {
      if (!room) await out.drained();
      if (!(await composites.verify())) return;
      for (const [id, each] of this.#described) if (this.#known.get(id)?.composed === true) await this.#describe(each, each.xid, out);
    });
    return true;
  }

  /**
   * A row of this table has a label that its schema does not list, or nulls in columns that are NOT NULL by now and were not
   * when it was written. The types are read again, then `again`: call `resolve` before the next frame.
   */
  unlisted(id: number, xid: number, again: (out: ChangeOutlet) => Promise<void>): void {
    const described = this.#described.get(id);
    const relation = this.get(id);
    const nulls = (relation?.columns ?? []).filter((_, index) => relation?.required[index] === Required.FOUND_NULL).map(({ name }) => name);
    this.defer(async (out) => {
      if (described !== undefined) {
        const nullable = nulls.length === 0 ? described.nullable : new Set([...described.nullable, ...nulls]);
        await this.#describe({ ...described, nullable }, xid, out);
      }
      await again(out);
    });
  }

  /** What `resolve` has to do before the next frame, for those that are not relations. */
  defer(work: (out: ChangeOutlet) => Promise<void>): void {
    this.#deferred = work;
  }

  /** Completes the pending description: asks the catalog for what the message does not say, and declares what is new. */
  async resolve(out: ChangeOutlet): Promise<void> {
    const deferred = this.#deferred;
    this.#deferred = null;
    await deferred?.(out);
    if (this.#pending === null) return;
    await this.#describe(this.#pending, this.#pending.xid, out);
    this.#pending = null;
  }

  /** `seen`: a transaction whose types are to be known. */
  async #describe(described: Described, seen: number, out: ChangeOutlet): Promise<void> {
    const { message, xid, lsn, nullable } = described;
    const info = await this.#catalog.table(message.id, xid);
    const former = await this.#renames?.former(message, xid, lsn);
    const declared = await this.#declare({ message, xid: seen, info, former, nullable }, out);
    await this.#shown.meet(message.id, message.schema, message.table, info === null);
    const names = declared.layout.rowSchema.columns.map((column) => column.name);
    const regions = this.#shown.regions(message.id, message.schema, message.table, names);
    const counter = this.#transactions?.counter(`${message.schema}.${message.table}`) ?? null;
    const relation = relationOf(message, declared, regions, counter);
    this.#set(message.id, this.#isSignalTable(message) ? { ...relation, isSignalTable: true } : relation);
    this.#described.set(message.id, described);
  }

  /** Declares a table before its first row, so that a schema that is refused stops the start and not the stream. */
  async announce(info: TableInfo, out: ChangeOutlet): Promise<void> {
    const identity = identityColumns(info);
    const columns = info.columns
      .filter((column) => column.generated === '')
      .map((column) => ({ name: column.name, typeOid: column.typeOid, typmod: column.typmod, isKey: identity.has(column.name) }));
    const message = { id: info.oid, schema: info.schema, table: info.name, identity: info.replicaIdentity, columns };
    await this.#declare({ message, xid: null, info, former: this.#renames?.formerOf(info), nullable: none }, out);
  }

  /** Its rows are rejected. */
  refuses(id: number): boolean {
    return (this.#known.get(id)?.refusal ?? null) !== null;
  }

  /** Declares a table anew whose schema was refused: the registry may take it by now. While the stream stands still. */
  async reconsider(id: number, out: ChangeOutlet): Promise<void> {
    this.#known.delete(id);
    const described = this.#described.get(id);
    if (described !== undefined) await this.#describe(described, described.xid, out);
  }

  #own({ id, schema, table }: RelationMessage): void {
    const name = `${schema}.${table}`;
    const owner = this.#owners.get(name);
    this.#owners.set(name, id);
    if (owner !== undefined && owner !== id) this.onReplaced(name);
  }

  #isSignalTable({ schema, table }: RelationMessage): boolean {
    return this.#settings.signals.dataCollection === `${schema}.${table}`;
  }

  async #declare({ message, xid, info, former, nullable }: Description, out: ChangeOutlet): Promise<Known> {
    this.#own(message);
    const types = await this.#catalog.types(
      message.columns.map((column) => column.typeOid),
      xid,
    );
    const composites = types.closure(message.columns.map((column) => column.typeOid)).filter(({ kind }) => kind === 'composite');
    await this.composites?.add(composites.map(({ oid }) => oid));
    const fingerprint = fingerprintOf({ message, xid, info, former, nullable }, types);
    const before = this.#known.get(message.id);
    if (before?.fingerprint === fingerprint) return before;
    const { schema, table, columns, identity } = message;
    const settings = this.#settings;
    const tableShape = buildTableShape({ schema, table, wireColumns: columns, identity, info, types, settings, former, nullable });
    for (const tuple of [this.#change.before, this.#change.after, this.#change.related]) {
      tuple.reserve(tableShape.rowSchema.columns.length);
    }
    const { shape, ...layout } = tableShape;
    const declaration = { shape, table: `${schema}.${table}`, before: before?.layout.rowSchema };
    const refusal = await declareShape(declaration, { policy: settings.tables.refusedPolicy, out, log: this.#log });
    const oids = columns.map((column) => column.typeOid);
    const labels = EnumLabels.of(oids, layout.columnOf, types, settings.types);
    const known = { fingerprint, composed: composites.length > 0, labels, layout, refusal };
    this.#known.set(message.id, known);
    if (info !== null) this.#lookups?.learn({ layout, wireColumns: columns, info, types });
    return known;
  }
}

/** The same as long as everything is that a shape is made of. */
function fingerprintOf({ message, info, former = new Map(), nullable }: Description, types: TypeCatalog): string {
  const used = types.closure(message.columns.map((column) => column.typeOid));
  return hash('sha256', JSON.stringify([message, info, used, [...former], [...nullable]]), 'base64');
}

function relationOf(
  message: RelationMessage,
  { layout, refusal, labels }: Known,
  regions: TableRegions | null,
  counter: CollectionCounter | null,
): Relation {
  const { rowSchema, columnOf } = layout;
  return {
    id: message.id,
    isSignalTable: false,
    schema: message.schema,
    table: message.table,
    columns: rowSchema.columns,
    layout,
    rowSchema,
    columnOf,
    isKey: Uint8Array.from(message.columns, (column) => (column.isKey ? 1 : 0)),
    required: Uint8Array.from(rowSchema.columns, ({ schema }) => (schema.optional ? Required.NO : Required.YES)),
    columnCount: rowSchema.columns.length,
    key: rowSchema.key,
    captured: layout.captured,
    wholeOld: message.identity === 'f',
    regions,
    counter,
    labels,
    refusal,
  };
}

/** The signal table, when it is not captured: its cells are read, and no record comes of them. */
function readOver(message: RelationMessage): Relation {
  const columnOf = Int16Array.from(message.columns, (_column, index) => index);
  return { ...stepOver(message), columnOf, columnCount: columnOf.length, isSignalTable: true };
}

function stepOver(message: RelationMessage): Relation {
  return {
    id: message.id,
    isSignalTable: false,
    schema: message.schema,
    table: message.table,
    columns: [],
    layout: null,
    rowSchema: null,
    columnOf: new Int16Array(message.columns.length).fill(-1),
    isKey: new Uint8Array(message.columns.length),
    required: new Uint8Array(0),
    columnCount: 0,
    key: new Uint16Array(0),
    captured: new Uint16Array(0),
    wholeOld: false,
    regions: null,
    counter: null,
    labels: null,
    refusal: null,
  };
}
