import { TupleRef } from '../../record/change.ts';
import type { Change } from '../../record/change.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { Column, RowSchema } from '../../record/row-schema.ts';
import type { ColumnNode } from '../../record/shape.ts';
import { CellState } from '../../record/tuple-view.ts';

/** Schemas with derived columns at their end: the first of them stands there. */
const firstDerived = new WeakMap<RowSchema, number>();

const plainText = { kind: ColumnKind.STRING, schema: { type: 'string', optional: true } } as const;

/** A text that a transform computes per row, as one more column behind those of the table, in an image of its own. */
export class DerivedText {
  /** The table's schema with the column. */
  readonly schema: RowSchema;
  readonly node: ColumnNode;
  readonly #column: number;
  readonly #isFirst: boolean;

  /** `how`: kind and schema under which the text is read; absent: as text. */
  constructor(schema: RowSchema, name: string, how: Pick<Column, 'kind' | 'schema'> = plainText) {
    this.#column = schema.columns.length;
    this.#isFirst = !firstDerived.has(schema);
    this.schema = { ...schema, columns: [...schema.columns, { name, scale: -1, ...how }] };
    firstDerived.set(this.schema, firstDerived.get(schema) ?? this.#column);
    this.node = { kind: 'column', schema: how.schema, tuple: TupleRef.DERIVED, column: this.#column };
  }

  /** From a row step; null: no value. */
  write(change: Change, text: string | null): void {
    const { derived } = change;
    derived.reserve(this.#column + 1);
    // Cells of the table's own columns are never read here, and those of an earlier row are gone.
    const kept = this.#isFirst ? Buffer.alloc(0) : derived.bytes;
    derived.state[this.#column] = text === null ? CellState.NULL : CellState.TEXT;
    derived.start[this.#column] = kept.length;
    derived.bytes = Buffer.concat([kept, Buffer.from(text ?? '', 'utf8')]);
    derived.end[this.#column] = derived.bytes.length;
    derived.count = this.#column + 1;
  }
}
