import { ConnectError } from '../../base/errors.ts';
import type { ChangeOutlet } from '../../connect/source.ts';
import type { Change } from '../../record/change.ts';
import { opCodes, type Op } from '../../record/change.ts';
import { CellState, type TupleView } from '../../record/tuple-view.ts';
import type { TableLayout, TableShape } from './table-shape.ts';

/** What becomes of a table whose changed schema the registry refuses. */
export type RefusedPolicy = 'fail' | 'new_topic' | 'dead_letter';

const topicsMax = 100;
const conflict = 409;

export interface Declared {
  readonly layout: TableLayout;
  /** Null: its rows may be emitted. Else why they go to the dead letters. */
  readonly refusal: ConnectError | null;
}

/**
 * Declares a shape. Where the registry finds it incompatible with what the subject has, the policy decides: the error
 * stops the connector, or the records go to `<topic>.2` and so on, the first whose subject takes them, or the table's rows
 * become dead letters until its schema is accepted. Any other failure is an error.
 */
export async function declareShape(tableShape: TableShape, policy: RefusedPolicy, out: ChangeOutlet): Promise<Declared> {
  const { shape, ...layout } = tableShape;
  let refusal: ConnectError;
  try {
    await out.declare(shape);
    return { layout, refusal: null };
  } catch (error) {
    if (policy === 'fail' || !isRefusal(error)) throw error;
    refusal = error;
  }
  if (policy === 'dead_letter') return { layout, refusal };
  for (let number = 2; number <= topicsMax; number += 1) {
    const moved = { ...shape, topic: `${shape.topic}.${number}` };
    try {
      await out.declare(moved);
      return { layout, refusal: null };
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  }
  throw refusal;
}

function isRefusal(error: unknown): error is ConnectError {
  return error instanceof ConnectError && error.code === 'registry.schema' && error.details['status'] === conflict;
}

/** A row of a refused table, for a person and for a later replay. Columns that are to be hidden are left out. */
export function refusedRow(op: Op, { visible, rowSchema }: TableLayout, { before, after }: Change): Buffer {
  const image = (view: TupleView): Record<string, string | null> | null => {
    if (view.count === 0) return null;
    const row: Record<string, string | null> = {};
    for (const column of visible) {
      const state = view.state[column];
      if (state !== CellState.TEXT && state !== CellState.NULL) continue;
      const bytes = view.bytes.subarray(view.start[column], view.end[column]);
      row[rowSchema.columns[column]?.name ?? ''] = state === CellState.NULL ? null : Buffer.from(bytes).toString('utf8');
    }
    return row;
  };
  return Buffer.from(JSON.stringify({ op: opCodes[op], table: rowSchema.name, before: image(before), after: image(after) }));
}

/** The failure that goes with such a row. */
export function refusedRowError(refusal: ConnectError, table: string, where: string): ConnectError {
  return new ConnectError(
    'data.row',
    `A row of ${table} cannot be written, because the schema of the table was refused (${where}): ${refusal.message}`,
    {
      remedy: refusal.remedy ?? 'Make the schema acceptable, then start the connector again.',
      details: { table },
    },
  );
}
