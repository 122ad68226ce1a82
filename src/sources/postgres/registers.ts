import type { Change, Registers } from '../../record/change.ts';
import { CellState, type TupleView } from '../../record/tuple-view.ts';

/** The registers of a Postgres change. 64-bit integers, unless marked text. */
export const SourceRegister = {
  /** When this program processed the change. */
  TS_MS: 0,
  TS_US: 1,
  TS_NS: 2,
  /** When its transaction committed, or when the snapshot was taken. */
  SOURCE_TS_MS: 3,
  SOURCE_TS_US: 4,
  SOURCE_TS_NS: 5,
  /** Text: one of `snapshotMarkers`. */
  SNAPSHOT: 6,
  /** Text: `["<last commit lsn>","<lsn>"]`, decimal digits, or `null` for the first. */
  SEQUENCE: 7,
  TX_ID: 8,
  LSN: 9,
  XMIN: 10,
  /** Text. */
  ORIGIN: 11,
  ORIGIN_LSN: 12,
  /** Text `<xid>:<lsn>`, the LSN being that of the record itself; null outside transactions and unless they are recorded. */
  TRANSACTION_ID: 13,
  /** Number of the change in its transaction, from 1; in the record of an end: how many there were. */
  TOTAL_ORDER: 14,
  /** The same among the changes of its table. */
  COLLECTION_ORDER: 15,
  /** Text: JSON list of the fields that hold a placeholder because the server did not send their values; null for none. */
  UNAVAILABLE: 16,
} as const;
export type SourceRegister = (typeof SourceRegister)[keyof typeof SourceRegister];

export const registerCount = 17;

/** Indexes into `snapshotMarkers`. */
export const SnapshotMarker = {
  FALSE: 0,
  TRUE: 1,
  FIRST: 2,
  FIRST_IN_DATA_COLLECTION: 3,
  LAST_IN_DATA_COLLECTION: 4,
  LAST: 5,
  INCREMENTAL: 6,
} as const;
export type SnapshotMarker = (typeof SnapshotMarker)[keyof typeof SnapshotMarker];

const snapshotMarkers = ['false', 'true', 'first', 'first_in_data_collection', 'last_in_data_collection', 'last', 'incremental'];

const lsnStepMax = 1_000_000;
const textBytesMax = 512;
/** `["18446744073709551615","18446744073709551615"]` */
const sequenceBytesMax = 64;
/** What a replication origin may be called: 512 bytes in Postgres 18, plain text before. */
const originBytesMax = 2048;
/** `4294967295:18446744073709551615` */
const transactionIdBytesMax = 32;
const transactionIdAt = textBytesMax + sequenceBytesMax + originBytesMax;
const unavailableAt = transactionIdAt + transactionIdBytesMax;

/**
 * Writes a change's registers. Nothing here allocates: texts live in one small buffer that `Registers.bytes` points at,
 * the sequence is rewritten in place as digits.
 */
export class SourceRegisters {
  readonly #registers: Registers;
  #bytes = new Uint8Array(unavailableAt + 256);
  readonly #markerStart = new Int32Array(snapshotMarkers.length);
  readonly #markerEnd = new Int32Array(snapshotMarkers.length);
  /** Where the event's own LSN starts in the sequence text. */
  #sequenceAt = 0;
  /** Where the LSN starts in the transaction's id; 0 while transactions are not recorded or none is open. */
  #transactionLsnAt = 0;
  /** What its digits say, and where they end; 0: they are to be written anew. */
  #lsnHigh = 0;
  #lsnLow = 0;
  #lsnEnd = 0;
  #processingMs = Number.NaN;
  /** The slot's xmin when it is being watched; that of a transaction is the one at its begin. */
  watchedXmin: number | null = null;

  constructor(change: Change) {
    this.#registers = change.registers;
    this.#registers.bytes = this.#bytes;
    let at = 0;
    for (const [index, marker] of snapshotMarkers.entries()) {
      this.#markerStart[index] = at;
      at += new TextEncoder().encodeInto(marker, this.#bytes.subarray(at)).written;
      this.#markerEnd[index] = at;
    }
    this.setSnapshotMarker(SnapshotMarker.FALSE);
    this.clearLastCommitLsn();
  }

  /**
   * `commitMicros`: microseconds since 1970-01-01 as an integer (exact until the year 2255). `xid`: 32 bits, unsigned.
   * For a snapshot: when it was taken, and the id of the transaction it stands for.
   */
  beginTransaction(commitMicros: number, xid: number): void {
    this.#setTimes(SourceRegister.SOURCE_TS_MS, Math.floor(commitMicros / 1000), commitMicros);
    this.#registers.setNumber(SourceRegister.TX_ID, xid);
    this.#setXmin();
  }

  #setXmin(): void {
    if (this.watchedXmin === null) this.#registers.setNull(SourceRegister.XMIN);
    else this.#registers.setNumber(SourceRegister.XMIN, this.watchedXmin);
  }

  /**
   * For what happens outside a transaction (a non-transactional message): no transaction id, its own LSN for that of the
   * last commit, the time of the last transaction or, before the first, the time of processing.
   */
  outsideTransaction(nowMs: number, high: number, low: number): void {
    this.#registers.setNull(SourceRegister.TX_ID);
    this.#setXmin();
    this.clearOrigin();
    this.setLastCommitLsn(high, low);
    if (this.#registers.present[SourceRegister.SOURCE_TS_MS] === 0) this.#setTimes(SourceRegister.SOURCE_TS_MS, nowMs, nowMs * 1000);
  }

  /** For a row that was read while the stream goes on: it has neither transaction nor position of its own. */
  readOutsideTransaction(nowMs: number, lastCommitHigh: number, lastCommitLow: number): void {
    this.#registers.setNull(SourceRegister.TX_ID);
    this.#registers.setNull(SourceRegister.LSN);
    this.#registers.setNull(SourceRegister.XMIN);
    this.clearOrigin();
    this.#setTimes(SourceRegister.SOURCE_TS_MS, nowMs, nowMs * 1000);
    if (lastCommitHigh === 0 && lastCommitLow === 0) this.clearLastCommitLsn();
    else this.setLastCommitLsn(lastCommitHigh, lastCommitLow);
    let at = this.#sequenceAt;
    for (const character of 'null]') this.#bytes[at++] = character.charCodeAt(0);
    this.#registers.setText(SourceRegister.SEQUENCE, textBytesMax, at);
  }

  /** The change's own position; also rewrites the sequence. Halves of an unsigned 64-bit LSN. */
  setLsn(high: number, low: number): void {
    const registers = this.#registers;
    registers.setHalves(SourceRegister.LSN, high, low);
    this.#writeSequence(high, low);
    if (this.#transactionLsnAt === 0) return;
    registers.setText(SourceRegister.TRANSACTION_ID, transactionIdAt, writeUnsigned(this.#bytes, this.#transactionLsnAt, high, low));
  }

  /** The changes of a transaction lie close together: most of the digits stay. */
  #writeSequence(high: number, low: number): void {
    const bytes = this.#bytes;
    const ahead = high === this.#lsnHigh ? low - this.#lsnLow : -1;
    this.#lsnHigh = high;
    this.#lsnLow = low;
    if (this.#lsnEnd > 0 && ahead >= 0 && ahead < lsnStepMax && addDigits(bytes, this.#sequenceAt + 1, this.#lsnEnd, ahead)) return;
    let at = this.#sequenceAt;
    bytes[at++] = 0x22;
    at = writeUnsigned(bytes, at, high, low);
    this.#lsnEnd = at;
    bytes[at++] = 0x22;
    bytes[at++] = 0x5d;
    this.#registers.setText(SourceRegister.SEQUENCE, textBytesMax, at);
  }

  /** From now on every `setLsn` also gives the id of the transaction. */
  openTransactionId(xid: number): void {
    const at = writeUnsigned(this.#bytes, transactionIdAt, 0, xid);
    this.#bytes[at] = 0x3a;
    this.#transactionLsnAt = at + 1;
  }

  closeTransactionId(): void {
    this.#transactionLsnAt = 0;
    this.#registers.setNull(SourceRegister.TRANSACTION_ID);
    this.clearOrder();
  }

  setOrder(total: number, collection: number): void {
    this.#registers.setNumber(SourceRegister.TOTAL_ORDER, total);
    this.#registers.setNumber(SourceRegister.COLLECTION_ORDER, collection);
  }

  /** The names, as JSON strings in UTF-8, of the columns of `view` that did not change and were not sent. */
  setUnavailable(view: TupleView, columns: Uint16Array, names: readonly Uint8Array[]): void {
    let at = unavailableAt;
    for (let index = 0; index < columns.length; index += 1) {
      const column = columns[index] as number;
      if (view.state[column] !== CellState.UNCHANGED) continue;
      const name = names[column]!;
      if (at + name.length + 2 > this.#bytes.length) this.#grow(at + name.length + 2);
      this.#bytes[at] = at === unavailableAt ? 0x5b : 0x2c;
      this.#bytes.set(name, at + 1);
      at += name.length + 1;
    }
    if (at === unavailableAt) {
      this.#registers.setNull(SourceRegister.UNAVAILABLE);
      return;
    }
    this.#bytes[at] = 0x5d;
    this.#registers.setText(SourceRegister.UNAVAILABLE, unavailableAt, at + 1);
  }

  clearUnavailable(): void {
    this.#registers.setNull(SourceRegister.UNAVAILABLE);
  }

  #grow(size: number): void {
    const larger = new Uint8Array(size * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#registers.bytes = larger;
  }

  clearOrder(): void {
    this.#registers.setNull(SourceRegister.TOTAL_ORDER);
    this.#registers.setNull(SourceRegister.COLLECTION_ORDER);
  }

  /** The commit LSN of the transaction before the current one; call `setLsn` after it. */
  setLastCommitLsn(high: number, low: number): void {
    const bytes = this.#bytes;
    let at = textBytesMax;
    bytes[at++] = 0x5b;
    bytes[at++] = 0x22;
    at = writeUnsigned(bytes, at, high, low);
    bytes[at++] = 0x22;
    bytes[at++] = 0x2c;
    this.#sequenceAt = at;
    this.#lsnEnd = 0;
  }

  /** No commit is known yet: the sequence starts with `null`. */
  clearLastCommitLsn(): void {
    let at = textBytesMax;
    for (const character of '[null,') this.#bytes[at++] = character.charCodeAt(0);
    this.#sequenceAt = at;
    this.#lsnEnd = 0;
  }

  /** Milliseconds since 1970-01-01; cheap when the millisecond is still the same. */
  setProcessingTime(ms: number): void {
    if (ms === this.#processingMs) return;
    this.#processingMs = ms;
    this.#setTimes(SourceRegister.TS_MS, ms, ms * 1000);
  }

  /** A streamed record has none, and the field's default says so: `false`. */
  setSnapshotMarker(marker: SnapshotMarker): void {
    if (marker === SnapshotMarker.FALSE) this.#registers.setNull(SourceRegister.SNAPSHOT);
    else this.#registers.setText(SourceRegister.SNAPSHOT, this.#markerStart[marker] as number, this.#markerEnd[marker] as number);
  }

  /** Where the transaction came from, by another server's replication: the origin's name in `bytes[start, end)`. */
  setOrigin(bytes: Uint8Array, start: number, end: number, lsnHigh: number, lsnLow: number): void {
    const at = textBytesMax + sequenceBytesMax;
    const length = Math.min(end - start, originBytesMax);
    this.#bytes.set(bytes.subarray(start, start + length), at);
    this.#registers.setText(SourceRegister.ORIGIN, at, at + length);
    this.#registers.setHalves(SourceRegister.ORIGIN_LSN, lsnHigh, lsnLow);
  }

  clearOrigin(): void {
    this.#registers.setNull(SourceRegister.ORIGIN);
    this.#registers.setNull(SourceRegister.ORIGIN_LSN);
  }

  /** Milliseconds, microseconds, nanoseconds into three registers that follow each other. */
  #setTimes(first: number, ms: number, micros: number): void {
    const registers = this.#registers;
    registers.setNumber(first, ms);
    registers.setNumber(first + 1, micros);
    // Nanoseconds exceed 2^53: multiply the halves. A half times 1000 is exact in a double.
    const high = Math.floor(micros / 0x1_0000_0000);
    const product = (micros - high * 0x1_0000_0000) * 1000;
    const carry = Math.floor(product / 0x1_0000_0000);
    registers.setHalves(first + 2, high * 1000 + carry, product - carry * 0x1_0000_0000);
  }
}

/** Decimal digits of an unsigned 64-bit integer given as halves; returns the position behind them. */
export function writeUnsigned(bytes: Uint8Array, at: number, high: number, low: number): number {
  // Up to here a double is exact; a log of more than 8 PiB takes the long way.
  if (high >>> 0 < 0x20_0000) return writeNumber(bytes, at, high * 0x1_0000_0000 + (low >>> 0));
  // Long division by 10^8 over 16-bit limbs keeps every intermediate value below 2^53.
  const q3 = Math.floor((high >>> 16) / 1e8);
  let rest = ((high >>> 16) - q3 * 1e8) * 0x10000 + (high & 0xffff);
  const q2 = Math.floor(rest / 1e8);
  rest = (rest - q2 * 1e8) * 0x10000 + (low >>> 16);
  const q1 = Math.floor(rest / 1e8);
  rest = (rest - q1 * 1e8) * 0x10000 + (low & 0xffff);
  const q0 = Math.floor(rest / 1e8);
  // The quotient is below 2^64 / 10^8 < 1.9e11: exact as a double.
  const quotient = q3 * 0x1_0000_0000_0000 + q2 * 0x1_0000_0000 + q1 * 0x10000 + q0;
  return writeEight(bytes, writeNumber(bytes, at, quotient), rest - q0 * 1e8);
}

/** An integer below 2^53. Parts of eight digits stay small integers, which divide fast. */
function writeNumber(bytes: Uint8Array, at: number, value: number): number {
  if (value >= 1e8) {
    const top = Math.floor(value / 1e8);
    return writeEight(bytes, writeNumber(bytes, at, top), value - top * 1e8);
  }
  let digits = 1;
  for (let limit = 10; digits < 8 && value >= limit; limit *= 10) digits += 1;
  writeDigits(bytes, at + digits - 1, at, value);
  return at + digits;
}

function writeEight(bytes: Uint8Array, at: number, value: number): number {
  writeDigits(bytes, at + 7, at, value);
  return at + 8;
}

function writeDigits(bytes: Uint8Array, last: number, first: number, value: number): void {
  let rest = value | 0;
  for (let index = last; index >= first; index -= 1) {
    const next = (rest / 10) | 0;
    bytes[index] = 0x30 + rest - next * 10;
    rest = next;
  }
}

/** Adds to the decimal number in `bytes[first, end)`; false: it would need another digit, and the digits are void. */
function addDigits(bytes: Uint8Array, first: number, end: number, addend: number): boolean {
  let rest = addend | 0;
  for (let index = end - 1; rest > 0; index -= 1) {
    if (index < first) return false;
    const sum = (bytes[index] as number) - 0x30 + rest;
    rest = (sum / 10) | 0;
    bytes[index] = 0x30 + sum - rest * 10;
  }
  return true;
}
