import { hash } from 'node:crypto';

import { ColumnKind } from '../record/column-kind.ts';
import type { CellRewrite, HashRewrite } from '../record/cell-rewrite.ts';
import { readArrayParts } from './array-text.ts';
import type { CellFormat } from './cell-format.ts';
import { readCellBytes } from './cell-reader.ts';
import { readEwkb, readSparseVector, readVector } from './extension-text.ts';
import { structuredRewriter } from './structured-time.ts';
import { geometricRewriter } from './geometric-text.ts';
import { readMultirange, readRange } from './range-text.ts';
import { readRow } from './row-text.ts';
import { readHstorePairs } from './text-hstore.ts';
import { ByteRegister } from './value-register.ts';
import type { Rewriter } from './value-register.ts';

export type { Rewriter };

/** `inner`: how the cell is read where the rewrite works on the value; null elsewhere. */
export function compileRewrite(rewrite: CellRewrite, inner: CellFormat | null): Rewriter {
  switch (rewrite.kind) {
    case 'truncate': {
      const { units } = rewrite;
      return (bytes, start, end, into) => {
        readText(inner, bytes, start, end, into);
        into.length = unitsEnd(into.bytes, into.length, units);
      };
    }
    case 'hash':
      return hashRewriter(rewrite, inner);
    case 'bytes':
      return writeHexOf;
    case 'hstore':
      return readHstorePairs;
    case 'vector':
      return readVector;
    case 'sparsevec':
      return readSparseVector;
    case 'ewkb': {
      const { extended } = rewrite;
      return (bytes, start, end, into) => readEwkb(bytes, start, end, extended, into);
    }
    case 'spaced':
      return readSpaced;
    case 'delimited': {
      const by = rewrite.by.charCodeAt(0);
      return (bytes, start, end, into) => readDelimited(bytes, start, end, by, into);
    }
    case 'structured':
      return structuredRewriter(rewrite.form, rewrite.precision);
    case 'row': {
      const layouts = new Map(rewrite.layouts.map((layout) => [layout.length, Int16Array.from(layout)]));
      return (bytes, start, end, into) => readRow(bytes, start, end, layouts, rewrite.width, into);
    }
    case 'array': {
      const by = rewrite.by.charCodeAt(0);
      return (bytes, start, end, into) => readArrayParts(bytes, start, end, by, into);
    }
    case 'range':
      return readRange;
    case 'multirange':
      return readMultirange;
    case 'geometric':
      return geometricRewriter(rewrite.form);
  }
}

function readText(inner: CellFormat | null, bytes: Uint8Array, start: number, end: number, into: ByteRegister): void {
  if (inner !== null && inner.kind !== ColumnKind.STRING) {
    readCellBytes(inner, bytes, start, end, into);
    return;
  }
  into.length = 0;
  into.append(bytes, start, end);
}

/** Where the first `units` UTF-16 units of UTF-8 text end; a character that needs two is not cut in half. */
function unitsEnd(bytes: Uint8Array, length: number, units: number): number {
  let at = 0;
  for (let left = units; at < length && left > 0;) {
    const byte = bytes[at] as number;
    const size = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    left -= size === 4 ? 2 : 1;
    if (left < 0) return at;
    at += size;
  }
  return Math.min(at, length);
}

function hashRewriter(rewrite: HashRewrite, inner: CellFormat | null): Rewriter {
  const salt = Buffer.from(rewrite.salt, 'utf8');
  const value = new ByteRegister();
  const input = new ByteRegister();
  return (bytes, start, end, into) => {
    readText(inner, bytes, start, end, value);
    input.length = 0;
    input.append(salt, 0, salt.length);
    if (rewrite.version === 1) appendJavaString(value.bytes, value.length, input);
    else input.append(value.bytes, 0, value.length);
    const digest = hash(rewrite.algorithm, input.bytes.subarray(0, input.length), 'hex');
    into.length = 0;
    into.appendText(digest.length > rewrite.digitsMax ? digest.slice(0, rewrite.digitsMax) : digest);
  };
}

/** `ObjectOutputStream.writeObject` of a string: header, tag, length, modified UTF-8. */
function appendJavaString(bytes: Uint8Array, length: number, into: ByteRegister): void {
  let size = length;
  for (let at = 0; at < length; at += 1) if ((bytes[at] as number) >= 0xf0) size += 2;
  for (const byte of [0xac, 0xed, 0x00, 0x05, size > 0xffff ? 0x7c : 0x74]) into.push(byte);
  if (size > 0xffff) for (const shift of [56, 48, 40, 32]) into.push(Math.floor(size / 2 ** shift) & 0xff);
  if (size > 0xffff) for (const shift of [24, 16]) into.push((size >>> shift) & 0xff);
  into.push((size >>> 8) & 0xff);
  into.push(size & 0xff);
  for (let at = 0; at < length; at += 1) {
    const byte = bytes[at] as number;
    if (byte < 0xf0) {
      into.push(byte);
      continue;
    }
    const point =
      ((byte & 7) << 18) |
      (((bytes[at + 1] as number) & 63) << 12) |
      (((bytes[at + 2] as number) & 63) << 6) |
      ((bytes[at + 3] as number) & 63);
    at += 3;
    // Characters beyond 16 bits are two surrogates of three bytes each.
    for (const unit of [0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff)]) {
      into.push(0xe0 | (unit >> 12));
      into.push(0x80 | ((unit >> 6) & 63));
      into.push(0x80 | (unit & 63));
    }
  }
}

function readSpaced(bytes: Uint8Array, start: number, end: number, into: ByteRegister): void {
  into.length = 0;
  into.push(0x7b);
  for (let at = start; at < end; at += 1) into.push(bytes[at] === 0x20 ? 0x2c : (bytes[at] as number));
  into.push(0x7d);
}

/** Unquoted elements are quoted, since they may hold commas; NULL stays as it is. */
function readDelimited(bytes: Uint8Array, start: number, end: number, by: number, into: ByteRegister): void {
  into.length = 0;
  let quoted = false;
  let elementAt = -1;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number;
    const separates = byte === 0x7b || byte === 0x7d || byte === by;
    if (!quoted && separates) {
      if (elementAt >= 0) appendElement(bytes, elementAt, at, into);
      elementAt = -1;
      into.push(byte === by ? 0x2c : byte);
    } else if (byte === 0x22 || quoted) {
      if (byte === 0x22) quoted = !quoted;
      into.push(byte);
      if (byte === 0x5c && at + 1 < end) into.push(bytes[++at] as number);
    } else if (elementAt < 0) {
      elementAt = at;
    }
  }
  if (elementAt >= 0) into.append(bytes, elementAt, end);
}

function appendElement(bytes: Uint8Array, start: number, end: number, into: ByteRegister): void {
  const isNull = end - start === 4 && bytes[start] === 0x4e && bytes[start + 1] === 0x55;
  if (!isNull) into.push(0x22);
  into.append(bytes, start, end);
  if (!isNull) into.push(0x22);
}

const digits = Buffer.from('0123456789abcdef', 'latin1');

function writeHexOf(bytes: Uint8Array, start: number, end: number, into: ByteRegister): void {
  into.length = 0;
  into.reserve(2 + (end - start) * 2);
  into.push(0x5c);
  into.push(0x78);
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number;
    into.push(digits[byte >> 4] as number);
    into.push(digits[byte & 15] as number);
  }
}
