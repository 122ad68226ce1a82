import type { WidthOf } from './csv-reader.ts';

/**
 * The encoding of a file. Everything but UTF-8 is transcoded chunk by chunk; positions stay those of the file, because
 * the width of a range in the file can be counted from its UTF-8 form. That holds for encodings in which every
 * character has one width (single-byte ones) and for UTF-16; others are refused.
 */
export interface CsvCharset {
  /** As `TextDecoder` knows it. */
  readonly name: string;
  /** Bytes of the file per unit: a read must not be cut inside one, and offsets are multiples of it. */
  readonly unit: 1 | 2;
  readonly widthOf: WidthOf;
}

const singleByte = new Set(['ibm866', 'koi8-r', 'koi8-u', 'macintosh', 'windows-874', 'x-mac-cyrillic', 'iso-8859-8-i']);

/** Null when the name is unknown or the encoding has no fixed width. Java's spellings (`UTF8`, `ISO8859_1`, `Cp1252`) are understood. */
export function findCharset(name: string): CsvCharset | null {
  const label = name
    .trim()
    .toLowerCase()
    .replace(/^utf_?(8|16)/, 'utf-$1')
    .replace(/^iso_?8859_/, 'iso-8859-')
    .replace(/^cp(125\d)$/, 'windows-$1');
  if (label === 'us-ascii' || label === 'ascii') return { name: 'utf-8', unit: 1, widthOf: null };
  let encoding: string;
  try {
    encoding = new TextDecoder(label).encoding;
  } catch {
    return null;
  }
  if (encoding === 'utf-8') return { name: 'utf-8', unit: 1, widthOf: null };
  if (encoding === 'utf-16le' || encoding === 'utf-16be') return { name: encoding, unit: 2, widthOf: utf16Width };
  if (singleByte.has(encoding) || /^(iso-8859-\d+|windows-125\d)$/.test(encoding)) return { name: encoding, unit: 1, widthOf: characters };
  return null;
}

function characters(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at += 1) if ((bytes[at]! & 0xc0) !== 0x80) count += 1;
  return count;
}

/** Characters beyond the basic plane take four bytes in both forms, all others two. */
function utf16Width(bytes: Uint8Array, start: number, end: number): number {
  let width = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at]!;
    if ((byte & 0xc0) !== 0x80) width += byte >= 0xf0 ? 4 : 2;
  }
  return width;
}
