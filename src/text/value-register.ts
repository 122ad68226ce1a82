/** A 64-bit integer as two halves, reused from cell to cell: readers fill it, writers read it, nothing is allocated. */
export class Int64 {
  /** Signed upper half. */
  high = 0;
  /** Lower 32 bits, kept as a signed 32-bit integer so that the engine never boxes it. */
  low = 0;

  /** Any integer that a double holds exactly. */
  setSafe(value: number): void {
    this.high = Math.floor(value / 0x1_0000_0000);
    this.low = value | 0;
  }

  /** `major * factor + minor`, exactly; |major| < 2^44, factor < 2^30 and 0 <= minor < 2^46. */
  setProduct(major: number, factor: number, minor: number): void {
    const upper = Math.floor(major / 0x1_0000);
    const scaled = upper * factor;
    const scaledHigh = Math.floor(scaled / 0x1_0000);
    const rest = (scaled - scaledHigh * 0x1_0000) * 0x1_0000 + (major - upper * 0x1_0000) * factor + minor;
    this.high = (scaledHigh + Math.floor(rest / 0x1_0000_0000)) | 0;
    this.low = rest | 0;
  }

  negate(): void {
    this.low = -this.low | 0;
    this.high = (this.low === 0 ? -this.high : ~this.high) | 0;
  }

  /** Slow; for text forms and messages only. */
  toBigInt(): bigint {
    return (BigInt(this.high) << 32n) | BigInt(this.low >>> 0);
  }

  setBigInt(value: bigint): void {
    this.high = Number(BigInt.asIntN(32, value >> 32n));
    this.low = Number(BigInt.asIntN(32, value));
  }
}

/** Bytes made by a reader, in `bytes[0, length)`: grows when it must and is reused from cell to cell. */
export class ByteRegister {
  bytes: Uint8Array = new Uint8Array(256);
  length = 0;

  /** Room for `bytes` in all; what is there is kept. */
  reserve(bytes: number): void {
    if (bytes <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(bytes, this.bytes.length * 2));
    larger.set(this.bytes);
    this.bytes = larger;
  }

  push(byte: number): void {
    if (this.length === this.bytes.length) this.reserve(this.length + 1);
    this.bytes[this.length++] = byte;
  }

  append(source: Uint8Array, start: number, end: number): void {
    this.reserve(this.length + end - start);
    for (let at = start; at < end; at += 1) this.bytes[this.length++] = source[at] as number;
  }

  appendText(text: string): void {
    const utf8 = Buffer.from(text, 'utf8');
    this.append(utf8, 0, utf8.length);
  }

  /** `value` in decimal digits, with zeros in front up to `width`; 0 <= value < 2^31. */
  appendDigits(value: number, width: number): void {
    let digits = 1;
    for (let power = 10; power <= value; power *= 10) digits += 1;
    const count = Math.max(digits, width);
    this.reserve(this.length + count);
    let rest = value;
    for (let at = this.length + count - 1; at >= this.length; at -= 1) {
      const next = (rest / 10) | 0;
      this.bytes[at] = 0x30 + rest - next * 10;
      rest = next;
    }
    this.length += count;
  }
}

/** Writes what `bytes[start, end)` becomes into a register. */
export type Rewriter = (bytes: Uint8Array, start: number, end: number, into: ByteRegister) => void;
