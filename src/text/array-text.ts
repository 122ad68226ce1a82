import { closeLiteral, openLiteral, quotedElement } from './literal-builder.ts';
import { valueError } from './value-error.ts';
import { ByteRegister } from './value-register.ts';

const open = 0x7b;
const close = 0x7d;
const quote = 0x22;
const backslash = 0x5c;
/** Postgres' own limit. */
const dimensionsMax = 6;

const elements = new ByteRegister();
const numbers = new ByteRegister();
const lower = new Int32Array(dimensionsMax);
/** How many elements stand at each level; -1: not known yet. */
const sizes = new Int32Array(dimensionsMax);
const counts = new Int32Array(dimensionsMax);

/** An array literal of any number of dimensions → a struct of its lengths, its lower bounds and its elements in a row. */
export function readArrayParts(bytes: Uint8Array, start: number, end: number, by: number, into: ByteRegister): void {
  const bounded = readBounds(bytes, start, end);
  const dimensions = readElements(bytes, bounded.at, end, by);
  if (bounded.dimensions > 0 && bounded.dimensions !== dimensions) throw notArray('bounds and elements differ');
  if (bounded.dimensions === 0) lower.fill(1);
  openLiteral(into);
  writeNumbers(sizes, dimensions);
  quotedElement(numbers.bytes, 0, numbers.length, into);
  writeNumbers(lower, dimensions);
  quotedElement(numbers.bytes, 0, numbers.length, into);
  quotedElement(elements.bytes, 0, elements.length, into);
  closeLiteral(into);
}

const bounds = { at: 0, dimensions: 0 };

/** `[0:2][1:1]=`, which Postgres prints when a lower bound is not 1. */
function readBounds(bytes: Uint8Array, start: number, end: number): typeof bounds {
  let at = start;
  let dimensions = 0;
  while (at < end && bytes[at] === 0x5b) {
    const colon = bytes.indexOf(0x3a, at);
    const stop = bytes.indexOf(0x5d, at);
    if (colon < 0 || stop < colon || stop >= end || dimensions === dimensionsMax) throw notArray('bounds without end');
    lower[dimensions] = readBound(bytes, at + 1, colon);
    dimensions += 1;
    at = stop + 1;
  }
  if (dimensions > 0 && bytes[at] !== 0x3d) throw notArray('bounds without =');
  bounds.at = dimensions > 0 ? at + 1 : at;
  bounds.dimensions = dimensions;
  return bounds;
}

function readBound(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = bytes[start] === 0x2d;
  let value = 0;
  for (let at = isNegative ? start + 1 : start; at < end; at += 1) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) throw notArray('a bound that is no number');
    value = value * 10 + digit;
  }
  return isNegative ? -value : value;
}

/** Fills `elements` with all of them in the order of the text, as an array literal of one dimension, and `sizes`; answers how many levels there are. */
function readElements(bytes: Uint8Array, start: number, end: number, by: number): number {
  openLiteral(elements);
  sizes.fill(-1);
  let depth = 0;
  let deepest = 0;
  let at = start;
  for (;;) {
    const byte = at < end ? (bytes[at] as number) : -1;
    if (byte === open) {
      if (depth === dimensionsMax) throw notArray('too many dimensions');
      counts[depth] = 0;
      depth += 1;
      if (depth > deepest && elements.length > 1) throw notArray('rows of different depth');
      if (depth > deepest) deepest = depth;
      at += 1;
      if (bytes[at] !== close) continue;
      // Nothing in it: only the empty array is printed so.
      if (depth > 1 || at !== end - 1) throw notArray('an empty dimension');
      closeLiteral(elements);
      return 0;
    }
    if (depth === 0 || byte < 0) throw notArray('expected {…}');
    if (depth !== deepest) throw notArray('rows of different depth');
    at = byte === quote ? quoted(bytes, at, end) : unquoted(bytes, at, end, by);
    counts[depth - 1] = (counts[depth - 1] as number) + 1;
    while (at < end && bytes[at] === close) {
      const count = counts[depth - 1] as number;
      if (sizes[depth - 1] !== -1 && sizes[depth - 1] !== count) throw notArray('rows of different length');
      sizes[depth - 1] = count;
      depth -= 1;
      at += 1;
      if (depth > 0) counts[depth - 1] = (counts[depth - 1] as number) + 1;
      else if (at !== end) throw notArray('text behind its end');
    }
    if (depth === 0) {
      closeLiteral(elements);
      return deepest;
    }
    if (bytes[at] !== by) throw notArray('expected a separator between elements');
    at += 1;
  }
}

function quoted(bytes: Uint8Array, start: number, end: number): number {
  let at = start + 1;
  while (at < end && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  if (at >= end) throw notArray('a quoted element does not end');
  separate();
  elements.append(bytes, start, at + 1);
  return at + 1;
}

/** Quoted here unless it is NULL: where the separator is not a comma, it may hold commas. */
function unquoted(bytes: Uint8Array, start: number, end: number, by: number): number {
  let at = start;
  while (at < end && bytes[at] !== by && bytes[at] !== close && bytes[at] !== open) at += 1;
  if (at === start) throw notArray('an element without text');
  if (isNull(bytes, start, at)) {
    separate();
    elements.append(bytes, start, at);
  } else {
    quotedElement(bytes, start, at, elements);
  }
  return at;
}

function separate(): void {
  if (elements.length > 1) elements.push(0x2c);
}

function isNull(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 4 && bytes[start] === 0x4e && bytes[start + 1] === 0x55 && bytes[start + 2] === 0x4c && bytes[start + 3] === 0x4c;
}

function writeNumbers(values: Int32Array, count: number): void {
  openLiteral(numbers);
  for (let index = 0; index < count; index += 1) {
    const value = values[index] as number;
    separateNumber();
    if (value < 0) numbers.push(0x2d);
    appendAbsolute(value);
  }
  closeLiteral(numbers);
}

function separateNumber(): void {
  if (numbers.length > 1) numbers.push(0x2c);
}

/** The smallest int32 has no positive counterpart among them. */
function appendAbsolute(value: number): void {
  const absolute = Math.abs(value);
  const billions = Math.floor(absolute / 1_000_000_000);
  if (billions > 0) numbers.appendDigits(billions, 1);
  numbers.appendDigits(absolute - billions * 1_000_000_000, billions > 0 ? 9 : 1);
}

function notArray(reason: string): Error {
  return valueError(`not an array: ${reason}`);
}
