import { assert } from '../../../base/assert.ts';
import type { ConnectError } from '../../../base/errors.ts';
import type { ChangeOutlet } from '../../../connect/source.ts';
import type { Change } from '../../../record/change.ts';
import { copyChange } from '../../../record/copy-change.ts';
import type { OffsetMap } from '../../../record/offset.ts';
import type { Shape } from '../../../record/shape.ts';
import type { RowFiller } from './row-filler.ts';

/** Copies that wait; beyond this the source stops until half of it is gone. */
const bytesMax = 8 * 1024 * 1024;
/** What a copy takes beside its bytes. */
const copyBytes = 1024;
/** Entries that are done before the queue is moved up. */
const headMax = 1024;
const spareMax = 2048;
const nothing = new Uint8Array(0);

interface Waiting {
  /** Null: a boundary, or a row that could not become a change. */
  readonly change: Change | null;
  readonly rejected: Parameters<ChangeOutlet['reject']> | null;
  /** Where the source stood before it. */
  readonly offset: OffsetMap;
  readonly bytes: number;
  /** Has to be looked up first. */
  lacks: boolean;
  failure: ConnectError | null;
}

export interface WaitingOutletOptions {
  readonly out: ChangeOutlet;
  readonly filler: Pick<RowFiller, 'lacks' | 'fill' | 'rows'>;
  /** Where the source stands now, whatever waits. */
  readonly position: () => OffsetMap;
  /** A change is handed over that has been waiting: the next position counts, though it may have been told before. */
  readonly onLate: () => void;
}

/**
 * Changes that lack values wait until these have been read from the database, and so does everything behind them: their
 * order stays. Meanwhile the source goes on reading, so that one query serves many rows. As long as anything waits
 * the position is the one before it, change by change: what is committed is exactly what has been handed over.
 */
export class WaitingOutlet implements ChangeOutlet {
  readonly #options: WaitingOutletOptions;
  readonly #out: ChangeOutlet;
  #queue: Waiting[] = [];
  /** Copies that have been handed over, to be used again. */
  readonly #spare: Change[] = [];
  #head = 0;
  #bytes = 0;
  #busy = false;
  #closed = false;
  #failure: { readonly error: unknown } | null = null;
  readonly #failed = Promise.withResolvers<never>();
  #room: PromiseWithResolvers<void> | null = null;

  constructor(options: WaitingOutletOptions) {
    this.#options = options;
    this.#out = options.out;
    this.#failed.promise.catch(() => {});
  }

  /** Null: nothing waits, so the source's own position holds. */
  get offset(): OffsetMap | null {
    return this.#queue[this.#head]?.offset ?? null;
  }

  /** Rejects with what ends the run, which may come while the source waits for nothing. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  declare(shape: Shape): Promise<void> {
    return this.#out.declare(shape);
  }

  emit(change: Change): boolean {
    const lacks = this.#options.filler.lacks(change);
    if (!lacks && !this.#busy) return this.#out.emit(change);
    const copy = copyChange(change, this.#spare.pop());
    const { before, after, related, registers } = copy;
    const bytes = copyBytes + before.bytes.length + after.bytes.length + related.bytes.length + registers.bytes.length;
    return this.#push({ change: copy, rejected: null, bytes, lacks });
  }

  boundary(): boolean {
    return this.#busy ? this.#push({ change: null, rejected: null, bytes: copyBytes, lacks: false }) : this.#out.boundary();
  }

  reject(...rejected: Parameters<ChangeOutlet['reject']>): boolean {
    if (!this.#busy) return this.#out.reject(...rejected);
    const [, raw, key] = rejected;
    return this.#push({ change: null, rejected, bytes: copyBytes + (raw?.length ?? 0) + (key?.length ?? 0), lacks: false });
  }

  async drained(): Promise<void> {
    if (this.#failure !== null) throw this.#failure.error;
    if (!this.#busy) return this.#out.drained();
    if (this.#bytes <= bytesMax / 2) return;
    this.#room ??= Promise.withResolvers();
    await this.#room.promise;
  }

  /** What waits is forgotten; the position stays in front of it. */
  close(): void {
    this.#closed = true;
  }

  #push(entry: Pick<Waiting, 'change' | 'rejected' | 'bytes' | 'lacks'>): boolean {
    if (this.#failure !== null) throw this.#failure.error;
    this.#queue.push({ ...entry, offset: this.#options.position(), failure: null });
    this.#bytes += entry.bytes;
    if (!this.#busy) {
      this.#busy = true;
      // Behind the source's synchronous run, so that one query takes all of a socket read.
      queueMicrotask(() => void this.#run().catch((error: unknown) => this.#fail(error)));
    }
    return this.#bytes < bytesMax;
  }

  async #run(): Promise<void> {
    while (this.#head < this.#queue.length && !this.#closed) {
      await this.#fill();
      await this.#handOver();
    }
    if (this.#closed) return;
    this.#queue = [];
    this.#head = 0;
    this.#busy = false;
    this.#wake();
  }

  /** Looks up the first rows that lack something, however far apart they stand. */
  async #fill(): Promise<void> {
    if (this.#queue[this.#head]?.lacks !== true) return;
    const { filler } = this.#options;
    const lacking: Waiting[] = [];
    for (let at = this.#head; at < this.#queue.length && lacking.length < filler.rows; at += 1) {
      const entry = this.#queue[at] as Waiting;
      if (entry.lacks) lacking.push(entry);
    }
    const failures = await filler.fill(lacking.flatMap((entry) => entry.change ?? []));
    for (const [at, entry] of lacking.entries()) {
      entry.lacks = false;
      entry.failure = failures[at] ?? null;
    }
  }

  async #handOver(): Promise<void> {
    for (let entry = this.#queue[this.#head]; entry !== undefined && !entry.lacks && !this.#closed; entry = this.#queue[this.#head]) {
      // The entry stays in front until the outlet has it: an outlet that refuses it asks for the position before it.
      const room = this.#give(entry);
      if (entry.change !== null) this.#keep(entry.change);
      this.#head += 1;
      this.#bytes -= entry.bytes;
      if (this.#head >= headMax) {
        this.#queue.splice(0, this.#head);
        this.#head = 0;
      }
      if (this.#bytes <= bytesMax / 2) this.#wake();
      if (!room) await this.#out.drained();
    }
  }

  /** Without the bytes of its rows, which may be large. */
  #keep(copy: Change): void {
    if (this.#spare.length >= spareMax) return;
    for (const image of [copy.before, copy.after, copy.related]) image.bytes = nothing;
    this.#spare.push(copy);
  }

  #give({ change, rejected, failure }: Waiting): boolean {
    if (change === null && rejected === null) return this.#out.boundary();
    this.#options.onLate();
    if (rejected !== null) return this.#out.reject(...rejected);
    if (failure !== null) return this.#out.reject(failure, null);
    assert(change !== null, 'a change waits');
    return this.#out.emit(change);
  }

  #wake(): void {
    this.#room?.resolve();
    this.#room = null;
  }

  #fail(error: unknown): void {
    this.#failure = { error };
    this.#closed = true;
    this.#failed.reject(error);
    this.#room?.reject(error);
    this.#room = null;
  }
}
