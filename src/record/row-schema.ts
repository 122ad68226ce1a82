import type { CellRewrite } from './cell-rewrite.ts';
import type { ColumnKind } from './column-kind.ts';
import type { LiteralValue, Schema } from './schema.ts';

/**
 * One version of one row shape: the columns of a tuple, in the order in which the source sends them. Identity is the
 * version: a changed table is a new object with a new id.
 */
export interface RowSchema {
  /** Process-local, never used twice: taken from `nextRowSchemaId()`. */
  readonly id: number;
  /** For messages and metrics: `inventory.public.orders`. */
  readonly name: string;
  readonly columns: readonly Column[];
  /** Indexes into `columns`, in key order; empty when there is no key. */
  readonly key: Uint16Array;
  /** Columns that a letter may show (`Change.letter`): what is to be hidden is not among them. Absent: there are no letters. */
  readonly visible?: Uint16Array | undefined;
}

export interface Column {
  readonly name: string;
  /** How to read the text. */
  readonly kind: ColumnKind;
  /** The Connect schema of the value, semantic name, optionality and default included. */
  readonly schema: Schema;
  /** Decimals: digits after the point. Temporal kinds: fraction digits. Elsewhere -1. */
  readonly scale: number;
  /** Arrays: the elements. Maps: the values. REWRITTEN: how the rewritten text is read, under the same schema. */
  readonly element?: Column | undefined;
  /** REWRITTEN only. */
  readonly rewrite?: CellRewrite | undefined;
  /** Structs of kind STRUCT: their fields, under the names and in the order of `schema.fields`. */
  readonly fields?: readonly Column[] | undefined;
  /**
   * Written where the cell is ABSENT or NULL although the schema is not optional, as Debezium fills the old image of a
   * delete under REPLICA IDENTITY DEFAULT. Arrays, maps and structs, which have no literals: text in the form the kind
   * reads; under REWRITTEN, its element.
   * `undefined`: such a cell is a data error.
   */
  readonly neutral?: LiteralValue | undefined;
  /**
   * Written for an UNCHANGED cell: text in the form the kind reads (under REWRITTEN, its element), so that it is encoded
   * like any value; for BYTES_HEX_TEXT the text that is written.
   * `undefined`: such a cell is a data error; never a silent null.
   */
  readonly unavailable?: string | undefined;
}

let ids = 0;

/** A process-local id that is never used twice. */
export function nextRowSchemaId(): number {
  ids += 1;
  return ids - 1;
}
