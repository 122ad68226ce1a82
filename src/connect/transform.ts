import type { Change } from '../record/change.ts';
import type { Shape } from '../record/shape.ts';

/** Runs per row, on bytes. False drops the change (its position still counts). */
export type RowStep = (change: Change) => boolean;

export interface ShapePlan {
  readonly shape: Shape;
  /** Null costs exactly nothing per row. */
  readonly step: RowStep | null;
}

/** A single message transform. Rename, drop, route, cast, key and constants are decided in `plan`, once per shape. */
export interface Transform {
  /** Null drops every change of this shape. Throws `ConnectError` `data.shape` when it cannot be applied. */
  plan(shape: Shape): ShapePlan | null;
}
