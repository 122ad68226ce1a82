import { ConnectError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/log.ts';
import type { Change } from '../../../record/change.ts';
import { CellState, type TupleView } from '../../../record/tuple-view.ts';
import { fillRegister } from './unavailable-list.ts';
import type { LookupPlan, LookupPlans, PlannedColumn } from './lookup-plan.ts';
import type { FoundRows, RowLookup } from './row-lookup.ts';

/** What one look-up may bring; rows are as large as those before them, so this is an aim and not a limit. */
const bytesAim = 1024 * 1024;
const rowsFirst = 64;
const rowsMax = 1000;

interface Group {
  readonly plan: LookupPlan;
  readonly columns: readonly PlannedColumn[];
  readonly keys: string[][];
  /** By key. */
  readonly numbers: Map<string, number>;
  readonly rows: { readonly change: Change; readonly at: number; readonly key: number }[];
}

/** Fills the cells that changes lack with what the database has now: one query for all rows of a table that lack the same columns. */
export class RowFiller {
  readonly #plans: LookupPlans;
  readonly #lookup: Pick<RowLookup, 'find'>;
  readonly #log: Logger;
  /** How many changes the next call should bring: as many as keep it near `bytesAim`. */
  rows = rowsFirst;

  constructor(plans: LookupPlans, lookup: Pick<RowLookup, 'find'>, log: Logger) {
    this.#plans = plans;
    this.#lookup = lookup;
    this.#log = log;
  }

  lacks(change: Change): boolean {
    return this.#plans.lacks(change);
  }

  /**
   * The changes have bytes of their own. Answers for each why it must not be written, or null. Rejects when the look-up
   * itself fails and that is not to be passed over.
   */
  async fill(changes: readonly Change[]): Promise<readonly (ConnectError | null)[]> {
    const failures: (ConnectError | null)[] = changes.map(() => null);
    let bytes = 0;
    for (const group of this.#group(changes)) {
      const found = await this.#find(group);
      if (found === null) continue;
      let missing = 0;
      for (const { change, at, key } of group.rows) {
        const cells = found.get(key);
        if (cells === undefined) {
          missing += 1;
          if (this.#plans.settings.missingRow === 'fail') failures[at] = missingRow(group.plan, change);
        } else bytes += fillCells(change, group, cells);
      }
      if (missing > 0 && this.#plans.settings.missingRow === 'warn')
        this.#log.warn(
          { table: group.plan.table, rows: missing },
          'rows whose columns were to be read again are gone: their records stay as they are',
        );
    }
    this.#adjust(changes.length, bytes);
    return failures;
  }

  #group(changes: readonly Change[]): Iterable<Group> {
    const groups = new Map<string, Group>();
    for (const [at, change] of changes.entries()) {
      const plan = this.#plans.of(change.schema);
      const key = plan === null ? null : keyOf(change.after, plan);
      // A key with a null names no row.
      if (plan === null || key === null) continue;
      const columns = plan.wanted.filter(({ index }) => this.#plans.isMissing(change, index));
      const name = `${change.schema.id} ${columns.map(({ index }) => index).join()}`;
      const group = groups.get(name) ?? { plan, columns, keys: [], numbers: new Map<string, number>(), rows: [] };
      groups.set(name, group);
      const text = JSON.stringify(key);
      const number = group.numbers.get(text) ?? group.keys.push(key) - 1;
      group.numbers.set(text, number);
      group.rows.push({ change, at, key: number });
    }
    return groups.values();
  }

  async #find(group: Group): Promise<FoundRows | null> {
    try {
      return await this.#lookup.find(group);
    } catch (error) {
      const refused = error instanceof ConnectError && error.code !== 'postgres.unreachable' && error.code !== 'internal';
      if (!refused || this.#plans.settings.refusedQuery === 'fail') throw error;
      this.#log.warn(
        { err: error, table: group.plan.table, rows: group.rows.length },
        'columns could not be read again: their records stay as they are',
      );
      return null;
    }
  }

  #adjust(rows: number, bytes: number): void {
    const fitting = Math.floor(bytesAim / Math.max(1, bytes / Math.max(1, rows)));
    this.rows = Math.max(1, Math.min(rowsMax, this.rows * 2, fitting));
  }
}

/** The text of the key; null where a part of it is not there. */
function keyOf(after: TupleView, plan: LookupPlan): string[] | null {
  const key: string[] = [];
  for (const { index } of plan.key) {
    if (after.state[index] !== CellState.TEXT) return null;
    key.push(
      Buffer.from(after.bytes.buffer, after.bytes.byteOffset, after.bytes.byteLength).toString(
        'utf8',
        after.start[index],
        after.end[index],
      ),
    );
  }
  return key;
}

/** Answers how many bytes came. */
function fillCells(change: Change, { plan, columns }: Group, cells: readonly (string | null)[]): number {
  const { after } = change;
  const texts = cells.map((cell) => Buffer.from(cell ?? '', 'utf8'));
  let end = after.bytes.length;
  after.bytes = Buffer.concat([after.bytes, ...texts]);
  for (const [at, { index }] of columns.entries()) {
    after.state[index] = cells[at] === null ? CellState.NULL : CellState.TEXT;
    after.start[index] = end;
    end += texts[at]?.length ?? 0;
    after.end[index] = end;
  }
  fillRegister(change, plan);
  return texts.reduce((sum, text) => sum + text.length, 0);
}

function missingRow({ table }: LookupPlan, change: Change): ConnectError {
  return new ConnectError('data.row', `A row of ${table} whose columns were to be read again is gone (${change.locate()}).`, {
    remedy: 'Set "reselect.error.handling.mode" to warn, so that the record is written as it is.',
    details: { table },
  });
}
