import type { ByteSink } from '../base/byte-sink.ts';

const quote = 0x22;
const backslash = 0x5c;
const hexDigits = Buffer.from('0123456789abcdef', 'latin1');
const base64Digits = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', 'latin1');

/** The letter after the backslash for control characters that have one; 0: `\u00XX`. */
const shortEscapes = new Uint8Array(32);
shortEscapes[0x08] = 0x62;
shortEscapes[0x09] = 0x74;
shortEscapes[0x0a] = 0x6e;
shortEscapes[0x0c] = 0x66;
shortEscapes[0x0d] = 0x72;

/** UTF-8 as a JSON string. Bytes above 0x7f need no escape, so whole runs are copied. */
export function writeJsonString(out: ByteSink, bytes: Uint8Array, start: number, end: number): void {
  out.byte(quote);
  let from = start;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte >= 0x20 && byte !== quote && byte !== backslash) continue;
    out.copy(bytes, from, at);
    from = at + 1;
    writeEscape(out, byte);
  }
  out.copy(bytes, from, end);
  out.byte(quote);
}

function writeEscape(out: ByteSink, byte: number): void {
  out.byte(backslash);
  if (byte >= 0x20) {
    out.byte(byte);
  } else if (shortEscapes[byte] !== 0) {
    out.byte(shortEscapes[byte] as number);
  } else {
    out.ascii('u00');
    out.byte(hexDigits[byte >> 4] as number);
    out.byte(hexDigits[byte & 15] as number);
  }
}

export function writeBase64(out: ByteSink, bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; at += 3) {
    const left = end - at;
    const group =
      ((bytes[at] as number) << 16) | (left > 1 ? (bytes[at + 1] as number) << 8 : 0) | (left > 2 ? (bytes[at + 2] as number) : 0);
    out.byte(base64Digits[group >> 18] as number);
    out.byte(base64Digits[(group >> 12) & 63] as number);
    out.byte(left > 1 ? (base64Digits[(group >> 6) & 63] as number) : 0x3d);
    out.byte(left > 2 ? (base64Digits[group & 63] as number) : 0x3d);
  }
}

/**
 * True when the text may stand in JSON as it is: `-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?`. The caller knows already
 * that it is a number.
 */
export function isJsonNumber(bytes: Uint8Array, start: number, end: number): boolean {
  let at = bytes[start] === 0x2d ? start + 1 : start;
  const first = at;
  at = skipDigits(bytes, at, end);
  if (at === first || (at - first > 1 && bytes[first] === 0x30)) return false;
  if (at < end && bytes[at] === 0x2e) {
    const fraction = at + 1;
    at = skipDigits(bytes, fraction, end);
    if (at === fraction) return false;
  }
  // An exponent that a number parser took is an exponent in JSON too.
  return at === end || ((bytes[at] as number) | 0x20) === 0x65;
}

function skipDigits(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] as number) >= 0x30 && (bytes[at] as number) <= 0x39) at += 1;
  return at;
}
