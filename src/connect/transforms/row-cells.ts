import type { Change } from '../../record/change.ts';
import type { RowSchema } from '../../record/row-schema.ts';
import type { ColumnNode } from '../../record/shape.ts';
import type { RowStep } from '../transform.ts';
import { DerivedText } from './derived-text.ts';
import type { DerivedColumn } from './derived-text.ts';

/** Derived cells of one shape, as many as a transform needs. */
export class RowCells {
  /** The table's schema with the columns so far. */
  schema: RowSchema;
  readonly #steps: RowStep[] = [];

  constructor(schema: RowSchema) {
    this.schema = schema;
  }

  /** Fills them; null: there are none. */
  get step(): RowStep | null {
    if (this.#steps.length === 0) return null;
    return (change) => this.#steps.every((step) => step(change));
  }

  /** `text`: of the cell, per row; null: no value. */
  add(name: string, how: DerivedColumn, text: (change: Change) => string | null): ColumnNode {
    const cell = new DerivedText(this.schema, name, how);
    this.schema = cell.schema;
    this.#steps.push((change) => {
      cell.write(change, text(change));
      return true;
    });
    return cell.node;
  }
}
