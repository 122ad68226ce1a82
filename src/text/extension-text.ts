import { valueError } from './value-error.ts';
import type { ByteRegister } from './value-register.ts';

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;

/** pgvector's `[1,2.5,3]` → the elements of an array. */
export function readVector(bytes: Uint8Array, start: number, end: number, into: ByteRegister): void {
  if (end - start < 2 || bytes[start] !== 0x5b || bytes[end - 1] !== 0x5d) throw valueError('not a vector: expected [x,y,…]');
  into.length = 0;
  into.push(0x7b);
  into.append(bytes, start + 1, end - 1);
  into.push(0x7d);
}

/** pgvector's `{1:1.5,3:2}/5` → a struct of the dimensions and a map by index. */
export function readSparseVector(bytes: Uint8Array, start: number, end: number, into: ByteRegister): void {
  const slash = bytes.lastIndexOf(0x2f, end - 1);
  if (slash < start + 2 || slash === end - 1 || bytes[start] !== 0x7b || bytes[slash - 1] !== 0x7d) {
    throw valueError('not a sparse vector: expected {index:value,…}/dimensions');
  }
  into.length = 0;
  into.push(0x7b);
  into.append(bytes, slash + 1, end);
  into.push(comma);
  into.push(quote);
  for (let at = start; at < slash; at += 1) into.push(bytes[at] === colon ? comma : (bytes[at] as number));
  into.push(quote);
  into.push(0x7d);
}

/** Set in the type of an EWKB that has an SRID. */
const sridFlag = 0x2000_0000;

/** PostGIS' hexadecimal EWKB → a struct of the bytes and the SRID that they name, and of extensions (null) where it has them. */
export function readEwkb(bytes: Uint8Array, start: number, end: number, extended: boolean, into: ByteRegister): void {
  const isLittle = digit(bytes, start + 1) === 1;
  if (end - start < 10 || (end - start) % 2 !== 0 || digit(bytes, start) !== 0) throw notGeometry();
  const hasSrid = (integer(bytes, start + 2, isLittle) & sridFlag) !== 0;
  if (hasSrid && end - start < 18) throw notGeometry();
  into.length = 0;
  into.appendText('{"\\\\x');
  into.append(bytes, start, end);
  into.appendText(hasSrid ? `",${integer(bytes, start + 10, isLittle)}` : '",NULL');
  into.appendText(extended ? ',NULL}' : '}');
}

/** Eight hex digits. */
function integer(bytes: Uint8Array, start: number, isLittle: boolean): number {
  let value = 0;
  for (let index = 0; index < 4; index += 1) {
    const byte = (digit(bytes, start + index * 2) << 4) | digit(bytes, start + index * 2 + 1);
    value |= byte << (isLittle ? index * 8 : 24 - index * 8);
  }
  return value;
}

function digit(bytes: Uint8Array, at: number): number {
  const byte = bytes[at] ?? 0;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  if (letter >= 0x61 && letter <= 0x66) return letter - 0x57;
  throw notGeometry();
}

function notGeometry(): Error {
  return valueError('not a geometry: expected hexadecimal EWKB');
}
