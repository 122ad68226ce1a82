import type { ChangeOutlet } from '../../../connect/source.ts';
import type { Clock } from '../../../base/clock.ts';
import { ConnectError } from '../../../base/errors.ts';
import type { Change } from '../../../record/change.ts';
import type { OffsetMap } from '../../../record/offset.ts';
import { CellState, type TupleView } from '../../../record/tuple-view.ts';
import type { SourceRegisters } from '../registers.ts';
import type { Relation } from '../relation-cache.ts';
import type { ReplicationStream } from '../replication-stream.ts';
import type { StartContext } from '../start-context.ts';
import type { StreamPosition } from '../stream-position.ts';
import type { AdhocParts } from './adhoc-parts.ts';
import { AdhocSnapshots, type AdhocCounts } from './adhoc-snapshots.ts';
import { storedTaken, type AdhocState, type Collection } from './adhoc-state.ts';
import { Notifications } from './notifications.ts';
import type { RowWatch } from './row-watch.ts';
import { SignalFault, type Signal } from './signal.ts';
import { followSignalFile } from './signal-file.ts';
import { followSignalTopic } from './signal-topic.ts';
import { SnapshotReader } from './snapshot-reader.ts';
import { Watermarks } from './watermarks.ts';

const pingMsMin = 2;
const pingMsMax = 250;
const storeMsMax = 30_000;

export interface AdhocStreamParts {
  readonly start: StartContext;
  readonly change: Change;
  readonly registers: SourceRegisters;
  readonly position: StreamPosition;
  readonly watch: RowWatch;
  readonly state: AdhocState;
  readonly out: ChangeOutlet;
  readonly relations: AdhocParts['relations'];
  /** This start read no tables before. */
  readonly skipped: boolean;
}

/** Ties ad-hoc snapshots to the stream beside which they run: when it stands still, how far it is, when it ends. */
export class AdhocStream {
  readonly #parts: AdhocParts;
  readonly #stream: Pick<ReplicationStream, 'interlude' | 'ping'>;
  /** A record follows that moves no position. */
  readonly #onRecord: () => void;
  readonly #snapshots: AdhocSnapshots;
  readonly #abort = new AbortController();
  readonly #storing = new Set<{ readonly taken: number; readonly resolve: () => void }>();
  #waiting: { readonly horizon: bigint; readonly resolve: () => void } | null = null;

  constructor(parts: AdhocStreamParts, stream: Pick<ReplicationStream, 'interlude' | 'ping'>, onRecord: () => void) {
    const { settings, source, sessions, sql } = parts.start;
    this.#stream = stream;
    this.#onRecord = onRecord;
    this.#parts = {
      ...parts,
      notifications: new Notifications(settings, source.clock, source.log),
      reader: new SnapshotReader(() => sessions.connect({ queryTimeout: false }), sql),
      signal: this.#abort.signal,
      standStill: (work) => this.#standStill(work),
      reached: (horizon) => this.#reached(horizon),
    };
    if (parts.skipped) this.#parts.notifications.add(null, 'Initial Snapshot', 'SKIPPED');
    this.#snapshots = new AdhocSnapshots(this.#parts, new Watermarks(settings, sql, source.clock, source.log));
  }

  members(): ReturnType<AdhocState['toMembers']> {
    return this.#snapshots.members();
  }

  counts(): AdhocCounts {
    return this.#snapshots.counts();
  }

  /** Tables that came later and are large: read in chunks. Only while the stream stands still. */
  enqueue(collections: readonly Collection[]): void {
    this.#snapshots.enqueue('new-tables', collections);
  }

  /** A row of the signal table, while the stream reads it. */
  row(relation: Relation, tuple: TupleView): void {
    const texts = [0, 1, 2].map((column) => {
      const cell = relation.columnOf[column] ?? -1;
      if (cell < 0 || tuple.state[cell] !== CellState.TEXT) return null;
      return Buffer.from(tuple.bytes.subarray(tuple.start[cell], tuple.end[cell])).toString('utf8');
    });
    const { channels } = this.#parts.start.settings.signals;
    if (!channels.has('source') || texts[1] === null) return;
    this.#snapshots.obey({ id: texts[0] ?? '', type: texts[1] ?? '', data: texts[2] ?? null }, 'source');
  }

  /** What the sink holds. */
  confirmed(offset: OffsetMap): void {
    const taken = storedTaken(offset);
    for (const waiter of this.#storing) {
      if (waiter.taken > taken) continue;
      this.#storing.delete(waiter);
      waiter.resolve();
    }
  }

  /** By REST: resolves when it is stored, so that it is obeyed whatever happens then. */
  async signal(signal: Signal): Promise<void> {
    const { state, start } = this.#parts;
    try {
      if (!this.#snapshots.take(signal)) return;
    } catch (error) {
      if (!(error instanceof SignalFault)) throw error;
      throw new ConnectError('config.invalid', `The signal is not taken: ${error.message}.`, { remedy: 'Correct it and send it again.' });
    }
    await this.#stored(start.source.clock, state.taken);
  }

  /** Resolves when the sink holds an offset with so many signals. */
  async #stored(clock: Clock, taken: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = { taken, resolve };
    this.#storing.add(waiter);
    try {
      await this.#standStill(() => Promise.resolve());
      const late = clock.sleep(storeMsMax, this.#abort.signal).then(() => {
        throw new ConnectError('kafka.transient', 'The signal was taken but could not be stored in time.', {
          remedy: 'Look whether Kafka answers; the signal is lost if the task ends before it is stored.',
        });
      });
      await Promise.race([promise, late]);
    } finally {
      this.#storing.delete(waiter);
    }
  }

  /** The stream may have come further. */
  look(): void {
    const waiting = this.#waiting;
    if (waiting === null || this.#parts.position.done < waiting.horizon) return;
    this.#waiting = null;
    waiting.resolve();
  }

  /** Until the stream ends; its own failure ends the stream. */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = (): void => this.close();
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) this.close();
    const channels = this.#channels();
    try {
      await Promise.all([this.#snapshots.run(), ...channels]);
    } catch (error) {
      // As work of the stream its error ends the stream.
      this.#stream.interlude(() => Promise.reject(error));
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #channels(): Promise<void>[] {
    const { start, state } = this.#parts;
    const { signals } = start.settings;
    const channel = {
      context: start.source,
      settings: start.settings,
      state,
      signal: this.#abort.signal,
      obey: (signal: Signal, name: string) => this.#snapshots.obey(signal, name),
      stored: () => this.#stored(start.source.clock, state.taken),
    };
    return [
      ...(signals.channels.has('file') ? [followSignalFile(channel)] : []),
      ...(signals.channels.has('kafka') ? [followSignalTopic(channel)] : []),
    ];
  }

  close(): void {
    this.#abort.abort(new Error('the stream has ended'));
    this.#parts.reader.close();
  }

  #standStill<T>(work: () => Promise<T>): Promise<T> {
    const { out, change, notifications } = this.#parts;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    // When the stream ends first, nobody comes to do the work.
    const ended = (): void => reject(this.#abort.signal.reason as Error);
    this.#abort.signal.addEventListener('abort', ended, { once: true });
    if (this.#abort.signal.aborted) ended();
    this.#stream.interlude(async () => {
      if (this.#abort.signal.aborted) return;
      try {
        const result = await work();
        if (notifications.waiting) this.#onRecord();
        if (await notifications.flush(change, out)) this.#onRecord();
        if (!out.boundary()) await out.drained();
        resolve(result);
      } catch (error) {
        reject(error);
      }
    });
    return promise.finally(() => this.#abort.signal.removeEventListener('abort', ended));
  }

  /** The server tells how far it is when it is asked; an idle one says nothing of its own accord. */
  async #reached(horizon: bigint): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting = { horizon, resolve };
    const { clock } = this.#parts.start.source;
    const signal = this.#abort.signal;
    let waitMs = pingMsMin;
    this.look();
    while (this.#waiting !== null) {
      signal.throwIfAborted();
      this.#stream.ping();
      await Promise.race([promise, clock.sleep(waitMs, signal)]);
      waitMs = Math.min(waitMs * 2, pingMsMax);
    }
  }
}
