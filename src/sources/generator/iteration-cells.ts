import { javaFloat } from '../../base/java-number.ts';
import type { ByteRegister } from '../../text/value-register.ts';
import { faulty } from './avro-type.ts';
import type { CellGenerator } from './cell-generator.ts';
import type { JavaRandom } from './java-random.ts';
import { isObject, type JsonObject, type JsonValue } from './json-value.ts';
import { appendInteger } from './number-text.ts';

/** A generator whose values follow one another; everything else about a row comes from the random numbers alone. */
export interface IterationCells extends CellGenerator {
  /** How many values it has given. */
  readonly count: number;
  /** Goes on as if it had given so many. */
  seek(count: number): void;
}

class IntegerIteration implements IterationCells {
  count = 0;
  readonly #start: number;
  readonly #first: number;
  readonly #step: number;
  readonly #span: number;
  readonly #sign: number;
  /** Distance from `start`. */
  #at: number;

  constructor(start: number, first: number, step: number, span: number, sign: number) {
    this.#start = start;
    this.#first = first % span;
    this.#step = step % span;
    this.#span = span;
    this.#sign = sign;
    this.#at = this.#first;
  }

  seek(count: number): void {
    this.count = count;
    this.#at = Number((BigInt(this.#first) + BigInt(count) * BigInt(this.#step)) % BigInt(this.#span));
  }

  write(_random: JavaRandom, out: ByteRegister): boolean {
    appendInteger(out, this.#start + this.#sign * this.#at);
    this.count += 1;
    // Compared with what is left, so that no sum goes beyond what a double holds exactly.
    const left = this.#span - this.#at;
    this.#at = this.#step >= left ? this.#step - left : this.#at + this.#step;
    return true;
  }
}

class FloatingIteration implements IterationCells {
  count = 0;
  readonly #start: number;
  readonly #first: number;
  readonly #step: number;
  readonly #span: number;
  readonly #sign: number;
  readonly #isFloat: boolean;

  constructor(start: number, first: number, step: number, span: number, sign: number, isFloat: boolean) {
    this.#start = start;
    this.#first = first;
    this.#step = step;
    this.#span = span;
    this.#sign = sign;
    this.#isFloat = isFloat;
  }

  seek(count: number): void {
    this.count = count;
  }

  /** From the count and not from the value before, so that rounding does not add up. */
  write(_random: JavaRandom, out: ByteRegister): boolean {
    const value = this.#start + this.#sign * ((this.#first + this.count * this.#step) % this.#span);
    out.appendText(this.#isFloat ? javaFloat(value) : String(value));
    this.count += 1;
    return true;
  }
}

class BooleanIteration implements IterationCells {
  count = 0;
  readonly #start: boolean;

  constructor(start: boolean) {
    this.#start = start;
  }

  seek(count: number): void {
    this.count = count;
  }

  write(_random: JavaRandom, out: ByteRegister): boolean {
    const value = this.count % 2 === 0 ? this.#start : !this.#start;
    this.count += 1;
    out.push(value ? 0x74 : 0x66);
    return true;
  }
}

type IterationType = 'int' | 'long' | 'float' | 'double' | 'boolean' | 'string';

/** Integers beyond these would not be exact; a `long` without `restart` starts over there. */
const most: Readonly<Record<Exclude<IterationType, 'boolean'>, number>> = {
  int: 0x7fff_ffff,
  string: 0x7fff_ffff,
  long: Number.MAX_SAFE_INTEGER,
  float: 3.4028234663852886e38,
  double: Number.MAX_VALUE,
};

/** The `iteration` property: `start`, then on by `step`, and over again where `restart` would be reached. */
export function iterationCells(type: IterationType, iteration: JsonValue, path: string): IterationCells {
  if (!isObject(iteration) || iteration['start'] === undefined) throw faulty(path, '"iteration" is an object with "start"');
  if (type === 'boolean') {
    const { start, ...others } = iteration;
    if (typeof start !== 'boolean' || Object.keys(others).length > 0) throw faulty(path, '"iteration" of a boolean has "start" alone');
    return new BooleanIteration(start);
  }
  const isWhole = type === 'int' || type === 'long' || type === 'string';
  const read = (name: string): number | null => numberOf(iteration, name, isWhole, path);
  const start = read('start') ?? 0;
  const given = read('step');
  const limit = given !== null && given < 0 ? -most[type] : most[type];
  const restart = read('restart') ?? limit;
  if (Math.abs(start) > most[type] || Math.abs(restart) > most[type]) throw faulty(path, `"iteration" leaves the limits of ${type}`);
  if (restart === start) throw faulty(path, '"restart" of "iteration" must differ from "start"');
  const sign = restart > start ? 1 : -1;
  const step = given ?? sign;
  if (step === 0) throw faulty(path, '"step" of "iteration" must not be 0');
  if (Math.sign(step) !== sign) throw faulty(path, '"step" of "iteration" leads away from "restart"');
  // A distance beyond exact numbers is cut: nobody gets there.
  const span = isWhole ? Math.min(Math.abs(restart - start), Number.MAX_SAFE_INTEGER) : Math.abs(restart - start);
  const first = ((read('initial') ?? start) - start) * sign;
  if (first < 0 || first >= span) throw faulty(path, '"initial" of "iteration" must lie from "start" up to and without "restart"');
  if (isWhole) return new IntegerIteration(start, first, Math.abs(step), span, sign);
  return new FloatingIteration(start, first, Math.abs(step), Number.isFinite(span) ? span : Number.MAX_VALUE, sign, type === 'float');
}

function numberOf(iteration: JsonObject, name: string, isWhole: boolean, path: string): number | null {
  const value = iteration[name];
  if (value === undefined) return null;
  if (typeof value === 'number' && Number.isFinite(value) && (!isWhole || Number.isSafeInteger(value))) return value;
  throw faulty(path, `"${name}" of "iteration" is no ${isWhole ? 'whole number within 2^53' : 'number'}`);
}
