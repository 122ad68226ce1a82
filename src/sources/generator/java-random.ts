/**
 * The generator of `java.util.Random`: 48 bits of state, the same numbers from the same seed on every machine. Its seed
 * is a Java `long`, which is what the connector it stands in for keeps in its offsets.
 *
 * 64-bit numbers come as two halves, so that drawing one allocates nothing.
 */
export class JavaRandom {
  /** Upper and lower 24 bits of the state. */
  #upper = 0;
  #lower = 0;
  /** Of the last `long()`: signed upper half, lower half as a signed 32-bit integer. */
  high = 0;
  low = 0;

  constructor(seed: bigint) {
    this.seed(Number(BigInt.asIntN(32, seed >> 32n)), Number(BigInt.asIntN(32, seed)));
  }

  /** Starts over from a 64-bit seed in halves. */
  seed(high: number, low: number): void {
    this.#lower = (low & 0xffffff) ^ multiplierLower;
    this.#upper = (((high & 0xffff) << 8) | (low >>> 24)) ^ multiplierUpper;
  }

  /** 32 random bits as a signed integer. */
  int32(): number {
    const product = this.#lower * multiplierLower + 0xb;
    const carry = Math.floor(product / 0x100_0000);
    this.#upper = (this.#upper * multiplierLower + this.#lower * multiplierUpper + carry) % 0x100_0000;
    this.#lower = product - carry * 0x100_0000;
    return (this.#upper << 8) | (this.#lower >>> 16);
  }

  /** `count` random bits, at most 31. */
  bits(count: number): number {
    return this.int32() >>> (32 - count);
  }

  /** From 0 up to and without `bound`, which is from 1 to 2^31 - 1. */
  below(bound: number): number {
    const most = bound - 1;
    let drawn = this.bits(31);
    if ((bound & most) === 0) return Math.floor((bound * drawn) / 0x8000_0000);
    let value = drawn % bound;
    while (drawn - value + most > 0x7fff_ffff) {
      drawn = this.bits(31);
      value = drawn % bound;
    }
    return value;
  }

  /** Into `high` and `low`. */
  long(): void {
    const upper = this.int32();
    this.low = this.int32();
    this.high = (upper + (this.low < 0 ? -1 : 0)) | 0;
  }

  /** From 0 up to and without 1, 53 bits of it. */
  double(): number {
    const upper = this.bits(26);
    return (upper * 0x800_0000 + this.bits(27)) / 0x20_0000_0000_0000;
  }

  /** From 0 up to and without 1, 24 bits of it. */
  float(): number {
    return this.bits(24) / 0x100_0000;
  }

  boolean(): boolean {
    return this.bits(1) !== 0;
  }
}

const multiplierUpper = 0x5de;
const multiplierLower = 0xece66d;
