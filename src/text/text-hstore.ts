import { jsonString } from '../base/json-string.ts';
import { valueError } from './value-error.ts';
import type { ByteRegister } from './value-register.ts';

const quote = 0x22;
const backslash = 0x5c;

/** How the pairs are written: what stands between a key and its value, the word for NULL, and a text with its quotes. */
interface PairForm {
  readonly between: number;
  readonly nullWord: string;
  /** Copies the quoted text that starts at `start`; returns where it ends. */
  readonly copyText: (bytes: Uint8Array, start: number, end: number, into: ByteRegister) => number;
}

const json: PairForm = { between: 0x3a, nullWord: 'null', copyText: jsonText };
const literal: PairForm = { between: 0x2c, nullWord: 'NULL', copyText: quotedText };

/** `"a"=>"1", "b"=>NULL` → `{"a":"1","b":null}`, members in the order in which the server sends them. */
export function readHstoreJson(bytes: Uint8Array, start: number, end: number, into: ByteRegister): void {
  readPairs(bytes, start, end, into, json);
}

/** The same as an array literal with keys and values by turns: `{"a","1","b",NULL}`. */
export function readHstorePairs(bytes: Uint8Array, start: number, end: number, into: ByteRegister): void {
  readPairs(bytes, start, end, into, literal);
}

function readPairs(bytes: Uint8Array, start: number, end: number, into: ByteRegister, form: PairForm): void {
  into.length = 0;
  into.push(0x7b);
  let at = start;
  while (at < end) {
    if (at > start) {
      if (bytes[at] !== 0x2c) throw notHstore();
      into.push(0x2c);
      at += bytes[at + 1] === 0x20 ? 2 : 1;
    }
    at = form.copyText(bytes, at, end, into);
    if (bytes[at] !== 0x3d || bytes[at + 1] !== 0x3e) throw notHstore();
    into.push(form.between);
    at += 2;
    if (bytes[at] === quote) {
      at = form.copyText(bytes, at, end, into);
    } else {
      if (!isNull(bytes, at, end)) throw notHstore();
      into.appendText(form.nullWord);
      at += 4;
    }
  }
  into.push(0x7d);
}

function jsonText(bytes: Uint8Array, start: number, end: number, into: ByteRegister): number {
  if (start >= end || bytes[start] !== quote) throw notHstore();
  into.push(quote);
  for (let at = start + 1; at < end; at += 1) {
    let byte = bytes[at] as number;
    if (byte === quote) {
      into.push(quote);
      return at + 1;
    }
    if (byte === backslash && at + 1 < end) byte = bytes[++at] as number;
    if (byte === quote || byte === backslash) {
      into.push(backslash);
      into.push(byte);
    } else if (byte < 0x20) {
      into.appendText(jsonString(String.fromCharCode(byte)).slice(1, -1));
    } else {
      into.push(byte);
    }
  }
  throw notHstore();
}

/** Both forms escape alike, so the text is copied as it is. */
function quotedText(bytes: Uint8Array, start: number, end: number, into: ByteRegister): number {
  if (start >= end || bytes[start] !== quote) throw notHstore();
  into.push(quote);
  for (let at = start + 1; at < end; at += 1) {
    const byte = bytes[at] as number;
    into.push(byte);
    if (byte === quote) return at + 1;
    if (byte === backslash && at + 1 < end) into.push(bytes[++at] as number);
  }
  throw notHstore();
}

function isNull(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    end - at >= 4 &&
    Buffer.from(bytes.subarray(at, at + 4))
      .toString('latin1')
      .toUpperCase() === 'NULL'
  );
}

function notHstore(): Error {
  return valueError('not an hstore: expected "key"=>"value" pairs');
}
