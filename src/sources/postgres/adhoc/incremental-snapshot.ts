import { failpoint } from '../../../base/failpoint.ts';
import { Op } from '../../../record/change.ts';
import type { TupleView } from '../../../record/tuple-view.ts';
import { emitOrReject } from '../refused-row.ts';
import { SnapshotMarker } from '../registers.ts';
import { keyText, tellIncremental, type AdhocParts, type OpenWindow } from './adhoc-parts.ts';
import type { Collection, Progress } from './adhoc-state.ts';
import { chunkStatement, maximumStatement, orderText, type OrderKey } from './chunk-query.ts';
import { openWindow } from './open-window.ts';
import { RowBuffer } from './row-buffer.ts';
import type { SnapshotWindow } from './snapshot-window.ts';
import { declarePlan, planTable, readStatus, type PlanFault, type TablePlan } from './table-plan.ts';
import type { Watermarks } from './watermarks.ts';

/** A chunk ends early when its rows take more than this. */
const chunkBytesMax = 16 * 1024 * 1024;

/** Debezium's words for how the reading of a table ended. */
export type ScanStatus = 'SUCCEEDED' | 'EMPTY' | 'NO_PRIMARY_KEY' | 'SKIPPED' | 'SQL_EXCEPTION' | 'UNKNOWN_SCHEMA' | 'STOPPED';

export const statusOf: Readonly<Record<PlanFault, ScanStatus>> = {
  unknown: 'UNKNOWN_SCHEMA',
  'no-key': 'NO_PRIMARY_KEY',
  'bad-key': 'SQL_EXCEPTION',
};

interface Chunk {
  readonly rows: RowBuffer;
  /** There is nothing behind it. */
  readonly last: boolean;
}

const alwaysOpen = { ready: () => true, drained: () => Promise.resolve() };

/**
 * Reads tables chunk by chunk in the order of their keys while the stream goes on. Each chunk is read in a database snapshot
 * of its own; `SnapshotWindow` says which of its rows are still good when the stream has come past that snapshot.
 */
export class IncrementalSnapshot {
  readonly #parts: AdhocParts;
  readonly #watermarks: Watermarks;
  #plan: TablePlan | null = null;
  #definitions = new Map<number, string>();
  /** Rows that are being handed over, and how many were. */
  #handing: { readonly plan: TablePlan; readonly rows: RowBuffer; readonly before: Progress; done: number } | null = null;

  constructor(parts: AdhocParts, watermarks: Watermarks) {
    this.#parts = parts;
    this.#watermarks = watermarks;
  }

  /** How far the first table was handed over, between any two rows. */
  progress(): Progress | null {
    const handing = this.#handing;
    const { incremental } = this.#parts.state;
    // A table that was stopped in the middle has no progress any more.
    if (handing === null || handing.done === 0 || incremental.collections[0] !== handing.plan.collection) return incremental.progress;
    const { plan, rows, before, done } = handing;
    return { ...before, last: rows.texts(done - 1, plan.rowCells), rows: before.rows + done };
  }

  /** One chunk of the first table. Answers how the table ended, or null while there is more of it. */
  async step(collection: Collection): Promise<ScanStatus | null> {
    const { state, watch, reader } = this.#parts;
    const plan = await this.#planned(collection);
    if (typeof plan === 'string') return plan;
    try {
      const name = await this.#watermarks.open();
      const opened = await openWindow(this.#parts, [plan], this.#definitions);
      if (opened === null) {
        this.#plan = null;
        return null;
      }
      const progress = await this.#begun(plan);
      if (progress.max === null) {
        await reader.done();
        return 'EMPTY';
      }
      const { horizon } = opened.window;
      const [chunk] = await Promise.all([this.#read(plan, progress, opened), this.#parts.reached(horizon)]);
      await this.#watermarks.close(name);
      return await this.#parts.standStill(async () => {
        const stopped = state.paused || state.incremental.collections[0] !== collection;
        if (stopped || opened.window.broken !== null) {
          this.#parts.start.source.log.debug({ reason: opened.window.broken }, 'a chunk of an incremental snapshot is read again');
          return null;
        }
        await this.#handOver(plan, chunk, progress, opened.window);
        return chunk.last ? readStatus(plan) : null;
      });
    } finally {
      watch.window = null;
    }
  }

  async #planned(collection: Collection): Promise<TablePlan | ScanStatus> {
    if (this.#plan?.collection === collection) return this.#plan;
    const { start, change, reader } = this.#parts;
    this.#definitions = new Map();
    const planned = await planTable(await reader.ready(), start, collection, 'incremental');
    if (typeof planned === 'string') return statusOf[planned];
    const plan = await declarePlan(planned, this.#parts);
    for (const tuple of [change.before, change.after, change.related]) tuple.reserve(plan.rowCells);
    this.#plan = plan;
    return plan;
  }

  /** Where the table stands; at its beginning, how far it reaches now: rows behind that come by the stream. */
  async #begun(plan: TablePlan): Promise<Progress> {
    const { state, reader, start } = this.#parts;
    const columns = orderText(plan.info.oid, plan.order);
    const known = state.incremental.progress;
    if (known !== null && known.columns.join('\0') === columns.join('\0')) return known;
    if (known !== null)
      start.source.log.warn(
        { table: plan.collection.table },
        'the table has another key now, or is another table: it is read from its start',
      );
    const { from, order, condition } = plan;
    const rows = await reader.query<{ key: string[] }>(maximumStatement({ table: from, order, condition }));
    const progress = { columns, last: null, max: rows[0]?.key ?? null, rows: 0 };
    state.incremental.progress = progress;
    return progress;
  }

  async #read(plan: TablePlan, { last, max }: Progress, { window, flushed }: OpenWindow): Promise<Chunk> {
    const { reader, start, position } = this.#parts;
    const limit = start.settings.signals.chunkSize;
    const { order, condition, cellOf, rowCells } = plan;
    const cells = rowCells + order.length;
    const rows = new RowBuffer(cells);
    let read = 0;
    let full = false;
    let tail: OrderKey = [];
    const statement = chunkStatement({ table: plan.from, order, condition, after: last, max, limit });
    await reader.copy(statement, cellOf, cells, alwaysOpen, (tuple: TupleView) => {
      read += 1;
      if (full) return true;
      rows.add(tuple);
      if (rows.byteLength < chunkBytesMax) return true;
      // Rows that are equal in the order must not be torn apart.
      const key = rows.texts(rows.rows - 1, rowCells);
      if (tail.length > 0 && key.some((text, index) => text !== tail[index])) {
        rows.cut(rows.rows - 1);
        full = true;
      } else tail = key;
      return true;
    });
    await reader.done();
    // On a busy server somebody else has brought the log to disk meanwhile.
    if (!flushed && position.done < window.horizon) await this.#watermarks.push();
    return { rows, last: read < limit && !full };
  }

  async #handOver(plan: TablePlan, { rows }: Chunk, before: Progress, window: SnapshotWindow): Promise<void> {
    const { change, registers, out, position, start, state, signal } = this.#parts;
    const { clock } = start.source;
    const handing = { plan, rows, before, done: 0 };
    this.#handing = handing;
    const nowMs = clock.now();
    registers.setProcessingTime(nowMs);
    registers.readOutsideTransaction(nowMs, position.lastCommitHigh, position.lastCommitLow);
    registers.setSnapshotMarker(SnapshotMarker.INCREMENTAL);
    try {
      for (let row = 0; row < rows.rows; row += 1) {
        change.schema = plan.layout.rowSchema;
        change.op = Op.READ;
        change.timestampMs = nowMs;
        change.sourceTimeMs = nowMs;
        change.before.count = 0;
        change.related.count = 0;
        rows.load(row, change.after, plan.rowCells);
        const room = window.isStale(plan.info.oid, change.after, plan.identity) || emitOrReject(out, change, plan.layout.refusal);
        handing.done = row + 1;
        if (room) continue;
        await out.drained();
        signal.throwIfAborted();
        if (state.incremental.collections[0] !== plan.collection) return;
      }
    } finally {
      registers.setSnapshotMarker(SnapshotMarker.FALSE);
      state.incremental.progress = this.progress();
      this.#handing = null;
    }
    // A chunk without rows only says that the table has ended.
    if (rows.rows === 0) return;
    tellIncremental(this.#parts, 'IN_PROGRESS', {
      current_collection_in_progress: `${plan.info.schema}.${plan.info.name}`,
      maximum_key: keyText(before.max),
      last_processed_key: keyText(state.incremental.progress?.last ?? null),
    });
    failpoint('during-snapshot');
  }
}
