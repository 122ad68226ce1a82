import { TupleRef } from '../../record/change.ts';
import type { Change } from '../../record/change.ts';
import type { Column, RowSchema } from '../../record/row-schema.ts';
import type { ColumnNode } from '../../record/shape.ts';
import { CellState } from '../../record/tuple-view.ts';

/** Schemas with derived columns at their end: the first of them stands there. */
const firstDerived = new WeakMap<RowSchema, number>();

/** Texts that a transform computes per row, as further columns behind those of the table, in an image of their own. */
export class DerivedCells {
  /** The table's schema with the columns. */
  readonly schema: RowSchema;
  readonly nodes: readonly ColumnNode[];
  readonly #first: number;
  readonly #isFirst: boolean;

  /** `id`: another one keeps encoders apart whose columns differ although their nodes look alike. */
  constructor(schema: RowSchema, columns: readonly Column[], id = schema.id) {
    this.#first = schema.columns.length;
    this.#isFirst = !firstDerived.has(schema);
    this.schema = { ...schema, id, columns: [...schema.columns, ...columns] };
    firstDerived.set(this.schema, firstDerived.get(schema) ?? this.#first);
    this.nodes = columns.map((column, at) => ({
      kind: 'column',
      schema: column.schema,
      tuple: TupleRef.DERIVED,
      column: this.#first + at,
    }));
  }

  /** From a row step, one text for each column; null: no value; undefined: one that was not sent. */
  write(change: Change, texts: readonly (string | null | undefined)[]): void {
    const { derived } = change;
    const count = this.#first + texts.length;
    derived.reserve(count);
    // Cells of the table's own columns are never read here, and those of an earlier row are gone.
    const kept = this.#isFirst ? Buffer.alloc(0) : derived.bytes;
    const cells = texts.map((text) => Buffer.from(text ?? '', 'utf8'));
    let at = kept.length;
    for (const [index, cell] of cells.entries()) {
      const column = this.#first + index;
      derived.state[column] = stateOf(texts[index]);
      derived.start[column] = at;
      at += cell.length;
      derived.end[column] = at;
    }
    derived.bytes = Buffer.concat([kept, ...cells]);
    derived.count = count;
  }
}

function stateOf(text: string | null | undefined): CellState {
  if (text === undefined) return CellState.UNCHANGED;
  return text === null ? CellState.NULL : CellState.TEXT;
}
