import { copyWords, wordsOf } from './word-copy.ts';

const noBytes = new Uint8Array(0);

/**
 * Append-only bytes with zigzag varints and sticky overflow.
 *
 * No method fails when the buffer is full: an out-of-range typed-array store is a no-op by language rule, and `at`
 * goes on counting. The caller writes a whole record, then asks `overflowed` once; if so, `at` is exactly the size
 * that was needed, the caller grows the buffer and writes that one record again. So the hot loops carry no checks.
 */
export class ByteSink {
  bytes: Buffer;
  /** Next write position; beyond `bytes.length` after an overflow. */
  at = 0;
  /** Bytes were written past the end, and `at` has come back over it since. */
  #lost = false;
  #viewed: Uint8Array = noBytes;
  #words = wordsOf(noBytes);

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get overflowed(): boolean {
    return this.#lost || this.at > this.bytes.length;
  }

  /** Forgets what was written since `at`, an overflow included. */
  rewind(at: number): void {
    this.at = at;
    this.#lost = false;
  }

  byte(value: number): void {
    this.bytes[this.at++] = value;
  }

  /** Zigzag varint of a signed 32-bit integer: Avro `int`, and any `long` known to fit. */
  int(value: number): void {
    this.varint((value << 1) ^ (value >> 31));
  }

  /** Unsigned varint of 32 bits. */
  varint(value: number): void {
    const bytes = this.bytes;
    let rest = value >>> 0;
    while (rest > 0x7f) {
      bytes[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[this.at++] = rest;
  }

  /** Zigzag varint of a signed 64-bit integer given as two 32-bit halves: Avro `long`. No BigInt, no allocation. */
  long(high: number, low: number): void {
    const sign = high >> 31;
    let zigzagHigh = (((high << 1) | (low >>> 31)) ^ sign) >>> 0;
    let zigzagLow = ((low << 1) ^ sign) >>> 0;
    const bytes = this.bytes;
    while (zigzagHigh !== 0) {
      bytes[this.at++] = (zigzagLow & 0x7f) | 0x80;
      zigzagLow = ((zigzagLow >>> 7) | (zigzagHigh << 25)) >>> 0;
      zigzagHigh >>>= 7;
    }
    while (zigzagLow > 0x7f) {
      bytes[this.at++] = (zigzagLow & 0x7f) | 0x80;
      zigzagLow >>>= 7;
    }
    bytes[this.at++] = zigzagLow;
  }

  /**
   * Writes the number of bytes since `at + width` at `at`, as the zigzag varint that Kafka's records have before key and
   * value. `width` bytes were left free for it; when it needs another number of bytes, what follows is moved. Answers that
   * number, the best guess for the next record.
   */
  closeLength(at: number, width: number): number {
    const length = this.at - at - width;
    const needed = length < 0x40 ? 1 : length < 0x2000 ? 2 : length < 0x10_0000 ? 3 : length < 0x800_0000 ? 4 : 5;
    if (needed !== width) {
      // The length may need fewer bytes than were left for it, and what lay past the end is lost all the same.
      if (this.overflowed) this.#lost = true;
      else this.bytes.copyWithin(at + needed, at + width, this.at);
      this.at += needed - width;
    }
    const end = this.at;
    this.at = at;
    this.varint(length * 2);
    this.at = end;
    return needed;
  }

  /** Little-endian IEEE 754, as Avro writes `float` and `double`. */
  float32(value: number): void {
    scratchFloat32[0] = value;
    this.copy(scratchBytes4, 0, 4);
  }

  float64(value: number): void {
    scratchFloat64[0] = value;
    this.copy(scratchBytes8, 0, 8);
  }

  /** Big-endian 32 bits, as the Confluent wire header and Kafka's protocol want them. */
  uint32(value: number): void {
    this.byte(value >>> 24);
    this.byte((value >>> 16) & 0xff);
    this.byte((value >>> 8) & 0xff);
    this.byte(value & 0xff);
  }

  /** Copies `source[start, end)`. A byte loop beats the native copy for short runs, which most cells are. */
  copy(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > 32) {
      if (this.at + length <= this.bytes.length) this.bytes.set(source.subarray(start, end), this.at);
      this.at += length;
      return;
    }
    const bytes = this.bytes;
    let at = this.at;
    for (let index = start; index < end; index += 1) bytes[at++] = source[index] as number;
    this.at = at;
  }

  /** Length as a zigzag varint, then the bytes; -1 for null: a field of Kafka's records. */
  bytesOrNull(value: Uint8Array | null): void {
    this.int(value === null ? -1 : value.length);
    if (value !== null) this.copy(value, 0, value.length);
  }

  /** Like `copy`, for a source whose words are at hand because they are the same for many rows. */
  copyRun(source: Uint8Array, words: DataView, start: number, end: number): void {
    const length = end - start;
    if (this.at + length <= this.bytes.length) copyWords(this.words(), this.bytes, this.at, words, source, start, length);
    this.at += length;
  }

  /** `bytes` as words, remembered until they are replaced. */
  words(): DataView {
    if (this.#viewed !== this.bytes) {
      this.#viewed = this.bytes;
      this.#words = wordsOf(this.bytes);
    }
    return this.#words;
  }

  /** ASCII text, for constants that are written at shape time or on slow paths. */
  ascii(text: string): void {
    for (let index = 0; index < text.length; index += 1) this.byte(text.charCodeAt(index));
  }
}

const scratchFloat32 = new Float32Array(1);
const scratchBytes4 = new Uint8Array(scratchFloat32.buffer);
const scratchFloat64 = new Float64Array(1);
const scratchBytes8 = new Uint8Array(scratchFloat64.buffer);
