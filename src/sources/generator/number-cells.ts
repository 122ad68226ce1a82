import { javaFloat } from '../../base/java-number.ts';
import type { ByteRegister } from '../../text/value-register.ts';
import { faulty } from './avro-type.ts';
import type { ArgRange } from './arg-properties.ts';
import type { CellGenerator } from './cell-generator.ts';
import type { JavaRandom } from './java-random.ts';
import { appendDecimal, appendInt64, appendInteger } from './number-text.ts';

/** All of a 32-bit or 64-bit integer's range. */
export class AnyIntegerCells implements CellGenerator {
  readonly #isLong: boolean;

  constructor(isLong: boolean) {
    this.#isLong = isLong;
  }

  write(random: JavaRandom, out: ByteRegister): boolean {
    if (this.#isLong) {
      random.long();
      appendInt64(out, random.high, random.low);
    } else appendInteger(out, random.int32());
    return true;
  }
}

/** Integers whose distance a double holds exactly, with digits behind the point for decimals. */
export class IntegerRangeCells implements CellGenerator {
  readonly #min: number;
  readonly #span: number;
  readonly #scale: number;

  constructor(min: number, max: number, scale = 0) {
    this.#min = min;
    this.#span = max - min;
    this.#scale = scale;
  }

  write(random: JavaRandom, out: ByteRegister): boolean {
    appendDecimal(out, this.#min + Math.floor(random.double() * this.#span), this.#scale);
    return true;
  }
}

/** Integers that a double does not hold exactly: as many bits as the distance has are drawn until they lie within it. */
export class WideRangeCells implements CellGenerator {
  readonly #minHigh: number;
  readonly #minLow: number;
  readonly #spanHigh: number;
  readonly #spanLow: number;
  readonly #highMask: number;
  readonly #lowMask: number;

  constructor(min: bigint, max: bigint) {
    const span = max - min;
    this.#minHigh = Number(BigInt.asIntN(32, min >> 32n));
    this.#minLow = Number(BigInt.asUintN(32, min));
    this.#spanHigh = Number(span >> 32n);
    this.#spanLow = Number(BigInt.asUintN(32, span));
    this.#highMask = 2 ** (32 - Math.clz32(this.#spanHigh)) - 1;
    this.#lowMask = this.#spanHigh > 0 ? 0xffff_ffff : 2 ** (32 - Math.clz32(this.#spanLow)) - 1;
  }

  write(random: JavaRandom, out: ByteRegister): boolean {
    let high: number;
    let low: number;
    do {
      high = (random.int32() & this.#highMask) >>> 0;
      low = (random.int32() & this.#lowMask) >>> 0;
    } while (high > this.#spanHigh || (high === this.#spanHigh && low >= this.#spanLow));
    const lower = this.#minLow + low;
    const carry = lower > 0xffff_ffff ? 1 : 0;
    appendInt64(out, (this.#minHigh + high + carry) | 0, lower | 0);
    return true;
  }
}

/** Texts of doubles cost a short string each: printing the fewest digits that give the number back is the engine's. */
export class DoubleCells implements CellGenerator {
  readonly #min: number;
  readonly #max: number;

  constructor(min: number, max: number) {
    this.#min = min;
    this.#max = max;
  }

  write(random: JavaRandom, out: ByteRegister): boolean {
    const part = random.double();
    const span = this.#max - this.#min;
    const value = Number.isFinite(span) ? this.#min + part * span : this.#min * (1 - part) + this.#max * part;
    // Rounding may reach the upper limit, which is excluded.
    out.appendText(String(value < this.#max ? value : this.#min));
    return true;
  }
}

export class FloatCells implements CellGenerator {
  readonly #min: number;
  readonly #max: number;

  constructor(min: number, max: number) {
    this.#min = Math.fround(min);
    this.#max = Math.fround(max);
  }

  write(random: JavaRandom, out: ByteRegister): boolean {
    const value = Math.fround(this.#min + random.float() * (this.#max - this.#min));
    out.appendText(javaFloat(value < this.#max ? value : this.#min));
    return true;
  }
}

/** Uniform digits up to the precision, with a random sign. */
export class DecimalCells implements CellGenerator {
  readonly #whole: number;
  readonly #scale: number;

  constructor(precision: number, scale: number) {
    this.#whole = precision - scale;
    this.#scale = scale;
  }

  write(random: JavaRandom, out: ByteRegister): boolean {
    if (random.boolean()) out.push(0x2d);
    if (this.#whole === 0) out.push(0x30);
    for (let digit = 0; digit < this.#whole; digit += 1) out.push(0x30 + random.below(10));
    if (this.#scale > 0) out.push(0x2e);
    for (let digit = 0; digit < this.#scale; digit += 1) out.push(0x30 + random.below(10));
    return true;
  }
}

const limits = {
  int: { min: -0x8000_0000n, max: 0x7fff_ffffn },
  long: { min: -(2n ** 63n), max: 2n ** 63n - 1n },
} as const;

/** Throws `config.invalid` when no integer lies in the range. */
export function integerCells(type: 'int' | 'long', range: ArgRange | null, path: string): CellGenerator {
  if (range === null) return new AnyIntegerCells(type === 'long');
  const min = integerBound(range.min, limits[type].min, path);
  const max = integerBound(range.max, limits[type].max, path);
  if (min < limits[type].min || max > limits[type].max + 1n) throw faulty(path, `"range" leaves the limits of ${type}`);
  if (max <= min) throw faulty(path, unmet(min, max));
  const isExact = max - min <= BigInt(Number.MAX_SAFE_INTEGER) && isSafe(min) && isSafe(max);
  return isExact ? new IntegerRangeCells(Number(min), Number(max)) : new WideRangeCells(min, max);
}

/** Throws `config.invalid` when no number lies in the range. */
export function floatingCells(type: 'float' | 'double', range: ArgRange | null, path: string): CellGenerator {
  const most = type === 'float' ? 3.4028234663852886e38 : Number.MAX_VALUE;
  const min = range === null ? 0 : Number(range.min ?? -most);
  const max = range === null ? 1 : Number(range.max ?? most);
  const round = type === 'float' ? Math.fround : (value: number): number => value;
  if (!(round(max) > round(min)) || !Number.isFinite(round(min)) || !Number.isFinite(round(max))) throw faulty(path, unmet(min, max));
  return type === 'float' ? new FloatCells(min, max) : new DoubleCells(min, max);
}

/** Throws `config.invalid` when no decimal of that precision and scale lies in the range. */
export function decimalCells(precision: number, scale: number, range: ArgRange | null, path: string): CellGenerator {
  if (range === null) return new DecimalCells(precision, scale);
  const least = -(10 ** precision) + 1;
  const min = range.min === null ? least : Math.max(least, unscaled(range.min, scale));
  const max = range.max === null ? -least + 1 : Math.min(-least + 1, unscaled(range.max, scale));
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || !Number.isSafeInteger(max - min)) {
    throw faulty(path, '"range" of a decimal is limited to 15 digits');
  }
  if (max <= min)
    throw faulty(
      path,
      `${unmet(range.min ?? 'the least', range.max ?? 'the greatest')} with ${precision} digits, ${scale} of them behind the point`,
    );
  return new IntegerRangeCells(min, max, scale);
}

/** The least unscaled number that is not below the bound. */
function unscaled(bound: number | bigint, scale: number): number {
  const value = Number(bound) * 10 ** scale;
  const near = Math.round(value);
  return Math.abs(value - near) < 1e-6 ? near : Math.ceil(value);
}

function integerBound(bound: number | bigint | null, missing: bigint, path: string): bigint {
  if (bound === null) return missing;
  if (typeof bound === 'bigint') return bound;
  if (Number.isFinite(bound)) return BigInt(Math.ceil(bound));
  throw faulty(path, '"range" has a bound that is not finite');
}

function isSafe(value: bigint): boolean {
  return Number.isSafeInteger(Number(value));
}

function unmet(min: bigint | number | string, max: bigint | number | string): string {
  return `"range" cannot be met: there is nothing from ${min} up to and without ${max}`;
}
