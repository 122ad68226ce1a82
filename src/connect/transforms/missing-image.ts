import { CellState } from '../../record/tuple-view.ts';
import type { TupleView } from '../../record/tuple-view.ts';

/** An image that the row lacks becomes one of nulls, for fields of it that stand alone. */
export function fillMissing(image: TupleView, columns: number): void {
  if (image.count > 0) return;
  image.reserve(columns);
  image.state.fill(CellState.NULL, 0, columns);
  image.count = columns;
}
