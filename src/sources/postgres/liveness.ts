/** When to speak to the server, and when its silence means that the connection is dead. Pure: time comes as an argument. */
export interface LivenessTimings {
  /** At least this often a status update goes out, or the server would end the connection. */
  readonly statusEveryMs: number;
  /** After this silence the next status update asks for an answer. */
  readonly pingAfterMs: number;
  /** After this silence the connection counts as dead; infinite when the server has no timeout either. */
  readonly deadAfterMs: number;
}

export interface LivenessFacts {
  readonly nowMs: number;
  readonly lastReceivedMs: number;
  readonly lastSentMs: number;
  /** We do not read at the moment (backpressure, a shape being declared): the silence is ours. */
  readonly paused: boolean;
}

export type LivenessAction = 'nothing' | 'status' | 'ping' | 'dead';

/** Three status updates fit into the server's timeout, so that two may be lost or late. */
const statusPerTimeout = 3;
/**
 * A walsender can be silent much longer than its own timeout while it reads back a large transaction from disk or
 * decodes tables that are not published; ending the connection then would make it start the same work again, for ever.
 */
const silenceTimeouts = 5;
const silenceMinMs = 30_000;

/** `walSenderTimeoutMs` 0 switches the server's timeout off, and with it our watchdog; it must not make every bound 0. */
export function livenessTimings(walSenderTimeoutMs: number, statusUpdateIntervalMs: number): LivenessTimings {
  const interval = Math.max(100, statusUpdateIntervalMs);
  if (walSenderTimeoutMs <= 0) return { statusEveryMs: interval, pingAfterMs: interval, deadAfterMs: Infinity };
  const statusEveryMs = Math.max(100, Math.min(interval, Math.floor(walSenderTimeoutMs / statusPerTimeout)));
  return { statusEveryMs, pingAfterMs: statusEveryMs, deadAfterMs: Math.max(silenceMinMs, walSenderTimeoutMs * silenceTimeouts) };
}

export function evaluateLiveness(timings: LivenessTimings, facts: LivenessFacts): LivenessAction {
  const silenceMs = facts.nowMs - facts.lastReceivedMs;
  if (!facts.paused && silenceMs >= timings.deadAfterMs) return 'dead';
  if (facts.nowMs - facts.lastSentMs < timings.statusEveryMs) return 'nothing';
  return !facts.paused && silenceMs >= timings.pingAfterMs ? 'ping' : 'status';
}

/** How many reads, each soon after the one before, are looked at together. */
const windowReads = 24;
const gapMsMax = 2;
/** Below this rate a wait saves little and would be noticed: a thousand small transactions a second stay below it. */
const busyBytesPerMs = 2 * 1024;
/** A wait that gathered this much is worth a longer one. */
const longWaitBytes = 16 * 1024;
const waitMs = 1;
const longWaitMs = 4;

/**
 * Decides how long the kernel gets to gather more before the next read. A walsender sends one message per system call,
 * so reading eagerly costs both sides a call per row. Only while much keeps coming: a lone transaction is a few
 * messages, a slow stream a few bytes, and neither ever waits.
 */
export class ReadPacing {
  #sinceMs = -Infinity;
  #windowMs = 0;
  #reads = 0;
  #bytes = 0;
  #busy = false;

  /** Called at every read, with how much it brought; the milliseconds to wait before the next, mostly 0. */
  read(nowMs: number, bytes: number): number {
    if (nowMs - this.#sinceMs > gapMsMax) {
      this.#busy = false;
      this.#open(nowMs);
    }
    this.#sinceMs = nowMs;
    this.#reads += 1;
    this.#bytes += bytes;
    if (this.#reads >= windowReads) {
      this.#busy = this.#bytes >= (nowMs - this.#windowMs) * busyBytesPerMs;
      this.#open(nowMs);
    }
    if (!this.#busy) return 0;
    return bytes >= longWaitBytes ? longWaitMs : waitMs;
  }

  /** The wait is over; whether data keeps coming counts from here, however late the timer was. */
  waited(nowMs: number): void {
    this.#sinceMs = nowMs;
  }

  #open(nowMs: number): void {
    this.#windowMs = nowMs;
    this.#reads = 0;
    this.#bytes = 0;
  }
}
