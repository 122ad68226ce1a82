import type { GeometricForm } from '../record/cell-rewrite.ts';
import { readFloat64 } from './text-number.ts';
import { valueError } from './value-error.ts';
import type { ByteRegister, Rewriter } from './value-register.ts';

const lineString = 2;
const polygon = 3;
const digits = Buffer.from('0123456789abcdef', 'latin1');
const double = new Uint8Array(8);
const doubleView = new DataView(double.buffer);

/** Coordinates of the points of a cell, reused from cell to cell. */
let coordinates = new Float64Array(64);

/**
 * `<(x,y),r>` → a struct of center and radius. The others: → a struct of well-known binary, SRID (null) and a map that
 * says which type it was, as Debezium 3.7 writes them.
 */
export function geometricRewriter(form: GeometricForm): Rewriter {
  switch (form) {
    case 'circle':
      return readCircle;
    case 'box':
      return (bytes, start, end, into) => {
        if (readPoints(bytes, start, end, form) !== 4) throw notGeometric(form);
        boxRing();
        writeGeometry(polygon, 10, '{type,box}', into);
      };
    case 'lseg':
      return (bytes, start, end, into) => {
        if (readPoints(bytes, start, end, form) !== 4) throw notGeometric(form);
        writeGeometry(lineString, 4, '{type,lseg}', into);
      };
    case 'path':
      return (bytes, start, end, into) => {
        const count = readPoints(bytes, start, end, form);
        writeGeometry(lineString, count, bytes[start] === 0x5b ? '{type,path,closed,false}' : '{type,path,closed,true}', into);
      };
    case 'polygon':
      return (bytes, start, end, into) => writeGeometry(polygon, closeRing(readPoints(bytes, start, end, form)), '{type,polygon}', into);
  }
}

function readCircle(bytes: Uint8Array, start: number, end: number, into: ByteRegister): void {
  const stop = bytes.indexOf(0x29, start) + 1;
  if (stop === 0 || end - start < 9 || bytes[start] !== 0x3c || bytes[end - 1] !== 0x3e || stop >= end || bytes[stop] !== 0x2c) {
    throw notGeometric('circle');
  }
  into.length = 0;
  into.appendText('{"');
  into.append(bytes, start + 1, stop);
  into.appendText('",');
  into.append(bytes, stop + 1, end - 1);
  into.push(0x7d);
}

/** Two numbers in each innermost pair of parentheses; answers how many numbers there are. */
function readPoints(bytes: Uint8Array, start: number, end: number, form: GeometricForm): number {
  let count = 0;
  for (let at = start; at < end; at += 1) {
    // A point starts behind the last of several opening parentheses.
    if (bytes[at] !== 0x28 || bytes[at + 1] === 0x28) continue;
    const comma = bytes.indexOf(0x2c, at);
    const close = bytes.indexOf(0x29, at);
    if (comma < 0 || close < comma || close >= end) throw notGeometric(form);
    if (count + 4 > coordinates.length) grow();
    coordinates[count] = readFloat64(bytes, at + 1, comma);
    coordinates[count + 1] = readFloat64(bytes, comma + 1, close);
    count += 2;
    at = close;
  }
  if (count === 0) throw notGeometric(form);
  return count;
}

/** The corners from the two that are printed, the first once more at the end. */
function boxRing(): void {
  const x1 = coordinates[0] as number;
  const y1 = coordinates[1] as number;
  const x2 = coordinates[2] as number;
  const y2 = coordinates[3] as number;
  coordinates.set([x1, y1, x1, y2, x2, y2, x2, y1, x1, y1]);
}

function closeRing(count: number): number {
  if (Object.is(coordinates[0], coordinates[count - 2]) && Object.is(coordinates[1], coordinates[count - 1])) return count;
  coordinates[count] = coordinates[0] as number;
  coordinates[count + 1] = coordinates[1] as number;
  return count + 2;
}

function grow(): void {
  const larger = new Float64Array(coordinates.length * 2);
  larger.set(coordinates);
  coordinates = larger;
}

/** Little-endian, one ring or one line. */
function writeGeometry(type: number, count: number, extensions: string, into: ByteRegister): void {
  into.length = 0;
  into.appendText('{"\\\\x01');
  writeInteger(type, into);
  if (type === polygon) writeInteger(1, into);
  writeInteger(count / 2, into);
  for (let index = 0; index < count; index += 1) {
    doubleView.setFloat64(0, coordinates[index] as number, true);
    for (let at = 0; at < 8; at += 1) writeByte(double[at] as number, into);
  }
  into.appendText(`",NULL,"${extensions}"}`);
}

function writeInteger(value: number, into: ByteRegister): void {
  for (let shift = 0; shift < 32; shift += 8) writeByte((value >>> shift) & 0xff, into);
}

function writeByte(byte: number, into: ByteRegister): void {
  into.push(digits[byte >> 4] as number);
  into.push(digits[byte & 15] as number);
}

function notGeometric(form: GeometricForm): Error {
  return valueError(`not a ${form}`);
}
