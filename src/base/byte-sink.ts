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

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get overflowed(): boolean {
    return this.at > this.bytes.length;
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

  /** ASCII text, for constants that are written at shape time or on slow paths. */
  ascii(text: string): void {
    for (let index = 0; index < text.length; index += 1) this.byte(text.charCodeAt(index));
  }
}

const scratchFloat32 = new Float32Array(1);
const scratchBytes4 = new Uint8Array(scratchFloat32.buffer);
const scratchFloat64 = new Float64Array(1);
const scratchBytes8 = new Uint8Array(scratchFloat64.buffer);
