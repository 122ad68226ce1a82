import { ColumnKind } from '../../record/column-kind.ts';
import type { RowSchema } from '../../record/row-schema.ts';
import type { Node } from '../../record/shape.ts';
import { castReader } from './cast-value.ts';
import { rowReader } from './row-value.ts';
import type { RowReader } from './row-value.ts';

const kinds: ReadonlySet<ColumnKind> = new Set<ColumnKind>([
  ColumnKind.DATE_DAYS,
  ColumnKind.TIME_MILLIS,
  ColumnKind.TIME_MICROS,
  ColumnKind.TIME_NANOS,
  ColumnKind.TIMESTAMP_MILLIS,
  ColumnKind.TIMESTAMP_MICROS,
  ColumnKind.TIMESTAMP_NANOS,
]);

/** Before the year 0 or after 9999, or infinite: as far from all others as can be. */
const past = /^-infinity$| BC$/;
const future = /^infinity$|^\d{5,}-/;

/** A date, time or timestamp as the number that its record has; null: this node is none of them. */
export function momentNumber(node: Node, schema: RowSchema): RowReader | null {
  const kind = node.kind === 'column' ? schema.columns[node.column]?.kind : undefined;
  const number = kind !== undefined && kinds.has(kind) ? castReader(node, schema) : null;
  if (number === null) return null;
  const text = rowReader(node, schema);
  return (change) => {
    const shown = String(text(change));
    if (past.test(shown)) return -Infinity;
    if (future.test(shown)) return Infinity;
    const value = number(change);
    if (value?.kind !== 'integer' && value?.kind !== 'date') return null;
    return Number.isSafeInteger(Number(value.value)) ? Number(value.value) : value.value;
  };
}
