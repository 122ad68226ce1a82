import { highHalf, lowHalf } from './lsn.ts';

/** 2000-01-01 in milliseconds since 1970-01-01: where Postgres counts its microseconds from. */
const postgresEpochMs = 946_684_800_000;

const statusBytes = 34;

/**
 * The standby status update, in one buffer that is written again for every message.
 *
 *   'r' written:int64 flushed:int64 applied:int64 clock:int64 reply:int8
 *
 * Postgres takes `flushed` as "needed no more" and starts the next session there. For a commit the right value is
 * exactly its end: `end + 1` would skip a transaction whose commit record starts at `end` (invariant 1).
 */
export class StatusUpdate {
  readonly bytes: Buffer = Buffer.alloc(statusBytes);

  constructor() {
    this.bytes[0] = 0x72;
  }

  /**
   * `received`: end of what has arrived; `flushed`: end of what is durable downstream. Postgres wants flushed ≤
   * written, so `written` is never reported below it.
   */
  write(received: bigint, flushed: bigint, nowMs: number, replyRequested: boolean): Buffer {
    const written = received > flushed ? received : flushed;
    this.#lsn(1, written);
    this.#lsn(9, flushed);
    this.#lsn(17, flushed);
    const micros = (nowMs - postgresEpochMs) * 1000;
    this.bytes.writeUInt32BE(Math.floor(micros / 0x1_0000_0000) >>> 0, 25);
    this.bytes.writeUInt32BE((micros % 0x1_0000_0000) >>> 0, 29);
    this.bytes[33] = replyRequested ? 1 : 0;
    return this.bytes;
  }

  #lsn(at: number, lsn: bigint): void {
    this.bytes.writeUInt32BE(highHalf(lsn), at);
    this.bytes.writeUInt32BE(lowHalf(lsn), at + 4);
  }
}
