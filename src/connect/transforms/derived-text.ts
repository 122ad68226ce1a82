import type { Change } from '../../record/change.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { Column, RowSchema } from '../../record/row-schema.ts';
import type { ColumnNode } from '../../record/shape.ts';
import { DerivedCells } from './derived-cells.ts';

const plainText = { kind: ColumnKind.STRING, schema: { type: 'string', optional: true } } as const;

/** How a derived cell is read. */
export type DerivedColumn = Pick<Column, 'kind' | 'schema' | 'element' | 'fields' | 'neutral'>;

/** One derived cell. */
export class DerivedText {
  /** The table's schema with the column. */
  readonly schema: RowSchema;
  readonly node: ColumnNode;
  readonly #cells: DerivedCells;

  /** `how`: kind and schema under which the text is read, and what stands for none where the schema needs a value; absent: as text. */
  constructor(schema: RowSchema, name: string, how: DerivedColumn = plainText) {
    this.#cells = new DerivedCells(schema, [{ name, scale: -1, ...how }]);
    this.schema = this.#cells.schema;
    this.node = this.#cells.nodes[0] as ColumnNode;
  }

  /** From a row step; null: no value. */
  write(change: Change, text: string | null): void {
    this.#cells.write(change, [text]);
  }
}
