import { arrayElements } from '../../base/array-literal.ts';
import { jsonString } from '../../base/json-string.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { Column } from '../../record/row-schema.ts';
import type { LiteralValue, Schema } from '../../record/schema.ts';

/** What Debezium reckons for values of Kafka Connect, in bytes: its estimate, not what a converter writes. */
export const valueSize: Readonly<Record<'number' | 'text' | 'bytes' | 'struct' | 'array' | 'map' | 'reference', number>> = {
  number: 24,
  text: 56,
  bytes: 24,
  struct: 56,
  array: 64,
  map: 88,
  reference: 8,
};

/** Of a cell's text, as it is read. */
export type CellSize = (text: string) => number;

export function isNumber({ type }: Schema): boolean {
  return type === 'boolean' || type.startsWith('int') || type.startsWith('float');
}

/** Numbers count as much where they are null, other values not at all. */
export function nullSize(schema: Schema): number {
  return isNumber(schema) ? valueSize.number : 0;
}

export function literalSize(schema: Schema, value: LiteralValue): number {
  if (value === null || isNumber(schema)) return nullSize(schema);
  return value instanceof Uint8Array ? valueSize.bytes + value.length : valueSize.text + Buffer.byteLength(String(value));
}

export function cellSize(column: Column, schema: Schema): CellSize {
  const { kind, rewrite, element = column } = column;
  if (isNumber(schema)) return () => valueSize.number;
  if (schema.type === 'string') return (text) => valueSize.text + textLength(column, text);
  if (schema.type === 'bytes') return (text) => valueSize.bytes + bytesLength(column, text);
  if (kind === ColumnKind.REWRITTEN) {
    // The bytes and the SRID, and extensions that are not there.
    if (rewrite?.kind === 'ewkb') return (text) => structSize(element.fields ?? []) + valueSize.bytes + text.length / 2 + valueSize.number;
    const inner = cellSize(element, schema);
    const opened = openings[rewrite?.kind ?? ''] ?? ((text: string) => text);
    return (text) => inner(opened(text));
  }
  if (kind === ColumnKind.POINT) return () => pointSize;
  if (kind === ColumnKind.VARIABLE_SCALE_DECIMAL) return (text) => decimalSize + unscaledLength(text.replace(/(\.\d*?)0+$/, '$1'), 0);
  if (schema.type === 'array')
    return arraySize(cellSize(element, schema.items ?? element.schema), nullSize(schema.items ?? element.schema));
  if (schema.type === 'map') return mapSize(cellSize(element, schema.items ?? element.schema));
  return rowSize(column.fields ?? []);
}

/** Forms that become array literals only when they are read. */
const openings: Readonly<Record<string, (text: string) => string>> = {
  vector: (text) => `{${text.slice(1, -1)}}`,
  spaced: (text) => `{${text.trim().replaceAll(/\s+/g, ',')}}`,
  delimited: (text) => text.replaceAll(/[:;]/g, ','),
  hstore: (text) => `{${text.replaceAll('"=>', '",')}}`,
};

const twoFloats = 2 * (valueSize.reference + valueSize.number);
const pointSize = valueSize.struct + twoFloats + 2 * valueSize.reference + valueSize.bytes + 21 + valueSize.number;
const decimalSize = valueSize.struct + 2 * valueSize.reference + valueSize.number + valueSize.bytes;

function structSize(fields: readonly unknown[]): number {
  return valueSize.struct + valueSize.reference * fields.length;
}

function arraySize(item: CellSize, ofNull: number): CellSize {
  return (text) =>
    arrayElements(text).reduce((sum, each) => sum + valueSize.reference + (each === null ? ofNull : item(each)), valueSize.array);
}

/** Keys and values by turns. */
function mapSize(value: CellSize): CellSize {
  return (text) =>
    arrayElements(text).reduce((sum, each, at) => {
      if (at % 2 === 0) return sum + 2 * valueSize.reference + valueSize.text + Buffer.byteLength(each ?? '');
      return sum + (each === null ? 0 : value(each));
    }, valueSize.map);
}

function rowSize(fields: readonly Column[]): CellSize {
  const sizes = fields.map((field) => cellSize(field, field.schema));
  return (text) => {
    const cells = arrayElements(text);
    return fields.reduce((sum, field, at) => {
      const cell = cells[at] ?? null;
      return sum + (cell === null ? nullSize(field.schema) : (sizes[at]?.(cell) ?? 0));
    }, structSize(fields));
  };
}

/** Pairs as Postgres prints them, as the reader of the column writes them. */
export function jsonOfHstore(text: string): string {
  const members = text.replaceAll(/"((?:[^"\\]|\\.)*)"(=>)?|, |NULL/gis, (found, inner: string | undefined, arrow: string | undefined) => {
    if (inner === undefined) return found === ', ' ? ',' : 'null';
    return `${jsonString(inner.replaceAll(/\\(.)/gs, '$1'))}${arrow === undefined ? '' : ':'}`;
  });
  return `{${members}}`;
}

type Length = (text: string, scale: number) => number;

/** Of what Debezium makes of the text of a cell; others are as long as the text. */
const textLengths: ReadonlyMap<ColumnKind, Length> = new Map<ColumnKind, Length>([
  [ColumnKind.BYTES_BASE64, (text) => Math.ceil((text.length - 2) / 6) * 4],
  [ColumnKind.BYTES_BASE64_URL, (text) => Math.ceil((text.length - 2) / 6) * 4],
  [ColumnKind.BYTES_HEX_TEXT, (text) => text.length - 2],
  [ColumnKind.ISO_DATE, (text) => text.length + 1],
  [ColumnKind.ZONED_TIMESTAMP, (text, scale) => 20 + fractionLength(text, scale)],
  [ColumnKind.ISO_TIMESTAMP, (text, scale) => 20 + fractionLength(text, scale)],
  [ColumnKind.ZONED_TIME, (text, scale) => 9 + fractionLength(text, scale)],
  [ColumnKind.ISO_TIME, (text, scale) => 9 + fractionLength(text, scale)],
  [ColumnKind.HSTORE_JSON, (text) => Buffer.byteLength(jsonOfHstore(text))],
]);

function textLength({ kind, scale, rewrite }: Column, text: string): number {
  if (rewrite?.kind === 'truncate') return Buffer.byteLength(text.slice(0, rewrite.units));
  if (rewrite?.kind === 'hash') return Math.min(rewrite.digitsMax, 64);
  return textLengths.get(kind)?.(text, scale) ?? Buffer.byteLength(text);
}

function fractionLength(text: string, scale: number): number {
  if (scale >= 0) return scale === 0 ? 0 : scale + 1;
  return /\.\d+/.exec(text)?.[0].length ?? 0;
}

const bytesLengths: ReadonlyMap<ColumnKind, Length> = new Map<ColumnKind, Length>([
  [ColumnKind.BYTES_HEX, (text) => (text.length - 2) / 2],
  [ColumnKind.DECIMAL, unscaledLength],
  [ColumnKind.MONEY, (text, scale) => unscaledLength(text.replaceAll(/[^\d.-]/g, ''), scale)],
  [ColumnKind.BITS, (text) => Math.ceil(text.replace(/^0+/, '').length / 8)],
]);

function bytesLength({ kind, scale }: Column, text: string): number {
  return bytesLengths.get(kind)?.(text, scale) ?? Buffer.byteLength(text);
}

/** In two's complement; nothing of what is no number. */
function unscaledLength(text: string, scale: number): number {
  const [, sign, whole = '', fraction = ''] = /^(-?)(\d*)\.?(\d*)$/.exec(text) ?? [];
  if (sign === undefined) return 0;
  const value = BigInt(`${sign}${whole}${fraction.padEnd(scale, '0')}` || '0');
  const bits = (value < 0n ? -value - 1n : value).toString(2);
  return Math.floor((bits === '0' ? 0 : bits.length) / 8) + 1;
}
