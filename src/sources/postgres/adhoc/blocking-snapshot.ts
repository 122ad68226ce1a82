import { failpoint } from '../../../base/failpoint.ts';
import { Op } from '../../../record/change.ts';
import type { TupleView } from '../../../record/tuple-view.ts';
import { highHalf, lowHalf } from '../lsn.ts';
import { emitOrReject } from '../refused-row.ts';
import { SnapshotMarker } from '../registers.ts';
import { TurnOutlet } from '../turn-outlet.ts';
import type { AdhocParts, OpenWindow } from './adhoc-parts.ts';
import type { Collection, Progress } from './adhoc-state.ts';
import { chunkStatement, orderText } from './chunk-query.ts';
import { openWindow } from './open-window.ts';
import { RowBuffer } from './row-buffer.ts';
import type { Watermarks } from './watermarks.ts';
import { declarePlan, planTable, readStatus, type PlanFault, type TablePlan } from './table-plan.ts';

const rowsPerBoundary = 512;

/** One reading of the queue's tables in one database snapshot. */
interface Reading {
  plan: TablePlan;
  before: Progress;
  /** The last row that was handed over. */
  last: RowBuffer;
  rows: number;
}

/**
 * Reads whole tables in one database snapshot while the stream stands still. Before it stops, the stream comes up to that
 * snapshot; afterwards it goes on from there, so that nothing is told twice.
 */
export class BlockingSnapshot {
  readonly #parts: AdhocParts;
  readonly #watermarks: Watermarks;
  #reading: Reading | null = null;

  constructor(parts: AdhocParts, watermarks: Watermarks) {
    this.#parts = parts;
    this.#watermarks = watermarks;
  }

  progress(): Progress | null {
    const reading = this.#reading;
    if (reading === null || reading.rows === 0) return this.#parts.state.blocking.progress;
    const { plan, before, last, rows } = reading;
    // Without an order nothing tells where to go on: the table is read from its start again.
    if (plan.order.length === 0) return { ...before, rows };
    return { ...before, last: last.texts(last.rows - 1, plan.rowCells), rows: before.rows + rows };
  }

  /** Reads all tables of the queue. Answers the tables that could not be read. */
  async run(): Promise<readonly { readonly collection: Collection; readonly fault: PlanFault }[]> {
    const { state, start, reader, watch, reached, standStill } = this.#parts;
    const faults: { collection: Collection; fault: PlanFault }[] = [];
    try {
      for (;;) {
        faults.length = 0;
        const plans: TablePlan[] = [];
        for (const collection of state.blocking.collections) {
          const plan = await planTable(await reader.ready(), start, collection, 'blocking');
          if (typeof plan === 'string') faults.push({ collection, fault: plan });
          else plans.push(await declarePlan(plan, this.#parts));
        }
        if (plans.length === 0) return faults;
        const opened = await openWindow(this.#parts, plans, new Map());
        if (opened === null) continue;
        if (!opened.flushed) await this.#watermarks.push();
        await reached(opened.window.horizon);
        const done = await standStill(async () => opened.window.broken === null && (await this.#read(plans, opened)));
        if (done) return faults;
      }
    } finally {
      watch.window = null;
    }
  }

  async #read(plans: readonly TablePlan[], opened: OpenWindow): Promise<boolean> {
    const { state, registers, reader, start } = this.#parts;
    registers.beginTransaction(opened.takenMicros, opened.xid);
    registers.clearOrigin();
    registers.clearLastCommitLsn();
    registers.setLsn(highHalf(opened.window.horizon), lowHalf(opened.window.horizon));
    const lastShown = plans.findLastIndex(isShown);
    let first = state.blocking.progress === null || plans[0]?.layout.refusal !== null;
    try {
      for (const [index, plan] of plans.entries()) {
        const rows = await this.#readTable(plan, opened, first, index === lastShown);
        if (rows > 0 && isShown(plan)) first = false;
        const name = `${plan.info.schema}.${plan.info.name}`;
        const { correlationId, collections } = state.blocking;
        state.blocking.collections = collections.filter((collection) => collection !== plan.collection);
        state.blocking.progress = null;
        this.#reading = null;
        this.#parts.notifications.add(correlationId, 'Initial Snapshot', 'TABLE_SCAN_COMPLETED', {
          scanned_collection: name,
          total_rows_scanned: String(rows),
          status: readStatus(plan),
        });
        start.source.log.info({ table: name, rows }, 'table read by an ad-hoc blocking snapshot');
      }
      await reader.done();
      return true;
    } finally {
      registers.setSnapshotMarker(SnapshotMarker.FALSE);
      state.blocking.progress = this.progress();
      this.#reading = null;
    }
  }

  /** The last row of each table is kept back until it is known to be the last. */
  async #readTable(plan: TablePlan, opened: OpenWindow, first: boolean, lastTable: boolean): Promise<number> {
    const { state, reader, out, start, signal } = this.#parts;
    const columns = orderText(plan.info.oid, plan.order);
    const known = state.blocking.progress;
    const resumed = known !== null && known.columns.length > 0 && known.columns.join('\0') === columns.join('\0');
    const before = resumed ? known : { columns, last: null, max: null, rows: 0 };
    state.blocking.progress = before;
    const cells = plan.rowCells + plan.order.length;
    const reading: Reading = { plan, before, last: new RowBuffer(cells), rows: 0 };
    this.#reading = reading;
    const room = new TurnOutlet(out);
    const { clock } = start.source;
    let held = new RowBuffer(cells);
    const hand = (last: boolean): boolean => {
      const none = reading.rows === 0 && !resumed;
      const marker = last
        ? lastTable
          ? SnapshotMarker.LAST
          : SnapshotMarker.LAST_IN_DATA_COLLECTION
        : none
          ? first
            ? SnapshotMarker.FIRST
            : SnapshotMarker.FIRST_IN_DATA_COLLECTION
          : SnapshotMarker.TRUE;
      const emitted = this.#emit(plan, held, opened, marker, clock.now(), room);
      [held, reading.last] = [reading.last, held];
      held.clear();
      reading.rows += 1;
      // Only now: the position counts the row.
      return reading.rows % rowsPerBoundary === 0 ? boundary(room) && emitted : emitted;
    };
    const { order, condition, cellOf } = plan;
    const statement = chunkStatement({ table: plan.layout.table, order, condition, after: before.last, max: null, limit: null });
    await reader.copy(statement, cellOf, cells, room, (tuple: TupleView) => {
      if (signal.aborted) return false;
      const emitted = held.rows === 0 || hand(false);
      held.add(tuple);
      return emitted;
    });
    signal.throwIfAborted();
    // The row before it may have found the outlet full, with none behind it to wait.
    while (!room.ready()) await room.drained();
    if (held.rows > 0 && !hand(true)) await room.drained();
    return before.rows + reading.rows;
  }

  #emit(plan: TablePlan, held: RowBuffer, opened: OpenWindow, marker: SnapshotMarker, nowMs: number, room: TurnOutlet): boolean {
    const { change, registers } = this.#parts;
    for (const tuple of [change.before, change.after, change.related]) tuple.reserve(plan.rowCells);
    change.schema = plan.layout.rowSchema;
    change.op = Op.READ;
    change.before.count = 0;
    change.related.count = 0;
    held.load(0, change.after, plan.rowCells);
    if (opened.window.isStale(plan.info.oid, change.after, plan.identity)) return true;
    registers.setProcessingTime(nowMs);
    registers.setSnapshotMarker(marker);
    change.timestampMs = nowMs;
    change.sourceTimeMs = nowMs;
    return emitOrReject(room, change, plan.layout.refusal);
  }
}

/** Its rows become records. */
function isShown({ layout }: TablePlan): boolean {
  return layout.refusal === null;
}

function boundary(room: TurnOutlet): boolean {
  const taken = room.boundary();
  failpoint('during-snapshot');
  return taken;
}
