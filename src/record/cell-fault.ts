import { ConnectError } from '../base/errors.ts';
import type { ConnectErrorOptions } from '../base/errors.ts';
import type { TupleRef } from './change.ts';

/** A cell that could not be written, and where it stands, for whoever may write null in its place. */
export class CellFault extends ConnectError {
  readonly tuple: TupleRef;
  readonly column: number;
  /** Null is a value that the schema allows here. */
  readonly nullable: boolean;

  constructor(message: string, options: ConnectErrorOptions, cell: Pick<CellFault, 'tuple' | 'column' | 'nullable'>) {
    super('data.value', message, options);
    this.tuple = cell.tuple;
    this.column = cell.column;
    this.nullable = cell.nullable;
  }
}
