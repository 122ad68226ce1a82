import type { WidthOf } from './csv-reader-start.ts';

/**
 * The encoding of a file. Everything but UTF-8 is transcoded chunk by chunk; positions stay those of the file, because
 * the width of a range in the file can be counted from its UTF-8 form. That holds for encodings in which every
 * character has one width (single-byte ones) and for UTF-16; files in others are turned into UTF-8 as a whole.
 */
export interface CsvCharset {
  /** As `TextDecoder` knows it. */
  readonly name: string;
  /** Bytes of the file per unit: a read must not be cut inside one, and offsets are multiples of it. */
  readonly unit: 1 | 2;
  readonly widthOf: WidthOf;
  /** Characters have various widths, so the whole file is turned into UTF-8 first, and positions are those of that. */
  readonly whole: boolean;
}

const singleByte = new Set(['ibm866', 'koi8-r', 'koi8-u', 'macintosh', 'windows-874', 'x-mac-cyrillic', 'iso-8859-8-i']);

const variable = new Set(['shift_jis', 'euc-jp', 'euc-kr', 'gbk', 'gb18030', 'big5', 'iso-2022-jp']);
const utf8: CsvCharset = { name: 'utf-8', unit: 1, widthOf: null, whole: false };

/** Null when the name is unknown. Java's spellings (`UTF8`, `ISO8859_1`, `Cp1252`) are understood. */
export function findCharset(name: string): CsvCharset | null {
  const label = name
    .trim()
    .toLowerCase()
    .replace(/^utf_?(8|16)/, 'utf-$1')
    .replace(/^iso_?8859_/, 'iso-8859-')
    .replace(/^cp(125\d)$/, 'windows-$1')
    .replace(/^(ms932|windows-31j)$/, 'shift_jis')
    .replace(/^euc_(jp|kr)$/, 'euc-$1');
  if (label === 'us-ascii' || label === 'ascii') return utf8;
  let encoding: string;
  try {
    encoding = new TextDecoder(label).encoding;
  } catch {
    return null;
  }
  if (encoding === 'utf-8') return utf8;
  if (encoding === 'utf-16le' || encoding === 'utf-16be') return { name: encoding, unit: 2, widthOf: utf16Width, whole: false };
  if (singleByte.has(encoding) || /^(iso-8859-\d+|windows-125\d)$/.test(encoding))
    return { name: encoding, unit: 1, widthOf: characters, whole: false };
  return variable.has(encoding) ? { name: encoding, unit: 1, widthOf: null, whole: true } : null;
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
