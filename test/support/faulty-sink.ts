import { ConnectError } from '../../src/base/errors.ts';
import type { SourceOffset } from '../../src/record/offset.ts';
import type { RecordBatch } from '../../src/record/record-batch.ts';
import type { Sink } from '../../src/connect/sink.ts';

/**
 * What happens to one call of `commit`. `reject`: nothing is stored. `fail-after-commit`: everything is stored and the
 * answer is an error, the lost response. `hold`: nothing happens until the test calls `release`. `slow`: stored some turns
 * of the event loop later. An `Error` is thrown as it is, with nothing stored.
 */
export type CommitFault = 'reject' | 'fail-after-commit' | 'hold' | 'slow' | 'pass' | Error;

/** Wraps a sink; faults are queued per call, and an empty queue is transparent. */
export class FaultySink implements Sink {
  readonly commitFaults: CommitFault[] = [];
  readonly openFaults: Error[] = [];
  /** The arena's bytes of each commit call, so that a test can see that a retry sends the same. */
  readonly attempts: string[] = [];
  inFlight = 0;
  inFlightMax = 0;
  readonly #sink: Sink;
  #held: PromiseWithResolvers<void> | null = null;
  #holding: PromiseWithResolvers<void> | null = null;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  async open(signal: AbortSignal): Promise<readonly SourceOffset[]> {
    const fault = this.openFaults.shift();
    if (fault !== undefined) throw fault;
    return this.#sink.open(signal);
  }

  prepareTopic(topic: string): Promise<void> {
    return this.#sink.prepareTopic(topic);
  }

  async commit(batch: RecordBatch): Promise<void> {
    this.attempts.push(batch.arena.toString('latin1', 0, batch.bytes));
    this.inFlight += 1;
    this.inFlightMax = Math.max(this.inFlightMax, this.inFlight);
    try {
      await this.#faulty(batch, this.commitFaults.shift() ?? 'pass');
    } finally {
      this.inFlight -= 1;
    }
  }

  close(): Promise<void> {
    return this.#sink.close();
  }

  /** Resolves when a commit is being held. */
  async holding(): Promise<void> {
    if (this.#held !== null) return;
    this.#holding ??= Promise.withResolvers();
    await this.#holding.promise;
  }

  release(): void {
    this.#held?.resolve();
    this.#held = null;
  }

  async #faulty(batch: RecordBatch, fault: CommitFault): Promise<void> {
    if (fault instanceof Error) throw fault;
    if (fault === 'reject') throw transient();
    if (fault === 'slow') for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    if (fault === 'hold') {
      this.#held = Promise.withResolvers();
      this.#holding?.resolve();
      this.#holding = null;
      await this.#held.promise;
    }
    await this.#sink.commit(batch);
    if (fault === 'fail-after-commit') throw transient();
  }
}

export function transient(): ConnectError {
  return new ConnectError('kafka.transient', 'The broker did not answer.');
}
