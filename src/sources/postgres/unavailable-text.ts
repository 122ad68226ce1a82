import { createHash } from 'node:crypto';

import { arrayLiteral, quotedText } from '../../base/array-literal.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { CellRewrite, GeometricForm, RowLayout, StructuredForm } from '../../record/cell-rewrite.ts';
import { compileRewrite } from '../../text/cell-rewrite.ts';
import { ByteRegister } from '../../text/value-register.ts';
import type { MappedType } from './type-map.ts';

const numericOid = 1700;
const lineOid = 628;

/** From the first day and the first millisecond on, as the server prints them. */
const day = (count: number): string => new Date(count * 86_400_000).toISOString().slice(0, 10);
const clock = (count: number): string => new Date(count & 0xff).toISOString().slice(11, 23);
const moment = (count: number): string => `${day(0)} ${clock(count)}`;
const zonedClock = (count: number): string => `${clock(count)}+00`;
const zonedMoment = (count: number): string => `${moment(count)}+00`;
const money = (count: number): string => `${count < 0 ? '-' : ''}$${Math.abs(count)}.00`;

/** How the server prints elements that count: see `unavailableArray`. */
const countedBy: Readonly<Partial<Record<ColumnKind, (count: number) => string>>> = {
  [ColumnKind.INT]: String,
  [ColumnKind.LONG]: String,
  [ColumnKind.FLOAT32]: String,
  [ColumnKind.FLOAT64]: String,
  [ColumnKind.DECIMAL]: String,
  [ColumnKind.VARIABLE_SCALE_DECIMAL]: String,
  [ColumnKind.DECIMAL_STRING]: String,
  [ColumnKind.MONEY]: money,
  [ColumnKind.MONEY_STRING]: money,
  [ColumnKind.MONEY_DOUBLE]: money,
  [ColumnKind.BOOLEAN]: (count) => (count === 0 ? 'f' : 't'),
  [ColumnKind.BIT]: (count) => (count === 0 ? '0' : '1'),
  [ColumnKind.DATE_DAYS]: day,
  [ColumnKind.ISO_DATE]: day,
  [ColumnKind.TIME_MILLIS]: clock,
  [ColumnKind.TIME_MICROS]: clock,
  [ColumnKind.TIME_NANOS]: clock,
  [ColumnKind.ISO_TIME]: clock,
  [ColumnKind.ZONED_TIME]: zonedClock,
  [ColumnKind.TIMESTAMP_MILLIS]: moment,
  [ColumnKind.TIMESTAMP_MICROS]: moment,
  [ColumnKind.TIMESTAMP_NANOS]: moment,
  [ColumnKind.ISO_TIMESTAMP]: moment,
  [ColumnKind.ZONED_TIMESTAMP]: zonedMoment,
  [ColumnKind.INTERVAL_MICROS]: clock,
  [ColumnKind.INTERVAL_ISO]: clock,
  [ColumnKind.POINT]: (count) => `(${count},${count})`,
};

const structuredBy: Readonly<Record<StructuredForm, (count: number) => string>> = {
  date: day,
  time: clock,
  timetz: zonedClock,
  timestamp: moment,
  timestamptz: zonedMoment,
  interval: clock,
};

const shapeBy: Readonly<Record<GeometricForm, (count: number) => string>> = {
  lseg: (count) => `[(${count},${count}),(${count},${count})]`,
  box: (count) => `(${count},${count}),(${count},${count})`,
  path: (count) => `((${count},${count}))`,
  polygon: (count) => `((${count},${count}))`,
  circle: (count) => `<(${count},${count}),${Math.abs(count)}>`,
};

/**
 * What is written for a value that an update did not change and therefore did not send (unchanged TOAST): text in the
 * form in which the kind reads it. `undefined`: a scalar of fixed size, which is always sent.
 */
export function unavailableText(mapped: MappedType, placeholder: Uint8Array): string | undefined {
  const { kind, element, rewrite } = mapped;
  const text = new TextDecoder().decode(placeholder);
  // Debezium's own: in this mode the placeholder is not turned into hexadecimal digits; in arrays it is.
  if (kind === ColumnKind.BYTES_HEX_TEXT) return text;
  // Well-known binary and what belongs to it.
  if (kind === ColumnKind.STRUCT && mapped.fields?.[0]?.kind === ColumnKind.BYTES_HEX) {
    return `{"\\\\x${Buffer.from(placeholder).toString('hex')}",NULL${mapped.fields?.length === 3 ? ',NULL' : ''}}`;
  }
  if (kind === ColumnKind.STRUCT && mapped.schema.name === 'io.debezium.data.SparseDoubleVector') return '{0,"{}"}';
  if (kind === ColumnKind.MAP) return arrayLiteral([text, text]);
  if (kind !== ColumnKind.REWRITTEN) return printed(mapped, placeholder);
  if (element === undefined || rewrite === undefined) return undefined;
  if (rewrite.kind === 'row') return arrayLiteral((element.fields ?? []).map((field) => printed(field, placeholder) ?? null));
  return wholeForms.has(rewrite.kind) ? rewritten(rewrite, printed(mapped, placeholder)) : unavailableText(element, placeholder);
}

/** What goes the way of every value; the others have forms of their own. */
const wholeForms: ReadonlySet<CellRewrite['kind']> = new Set<CellRewrite['kind']>(['array', 'range', 'multirange']);

function rewritten(rewrite: CellRewrite, text = ''): string {
  const bytes = Buffer.from(text, 'utf8');
  const into = new ByteRegister();
  compileRewrite(rewrite, null)(bytes, 0, bytes.length, into);
  return Buffer.from(into.bytes.subarray(0, into.length)).toString('utf8');
}

/** As the server would print it: in an array or a row the text goes the way of every value. */
function printed(mapped: MappedType, placeholder: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(placeholder);
  const { element } = mapped;
  const kind: number = mapped.kind;
  switch (kind) {
    case ColumnKind.STRING:
      return mapped.schema.name === 'io.debezium.data.Uuid' ? hashedUuid(placeholder) : text;
    case ColumnKind.BYTES_HEX:
    case ColumnKind.BYTES_BASE64:
    case ColumnKind.BYTES_BASE64_URL:
    case ColumnKind.BYTES_HEX_TEXT:
      return `\\x${Buffer.from(placeholder).toString('hex')}`;
    case ColumnKind.BITS:
      return bitsOf(placeholder);
    case ColumnKind.HSTORE_JSON:
      return `${quotedText(text)}=>${quotedText(text)}`;
    case ColumnKind.ARRAY:
      return element === undefined ? undefined : arrayLiteral(unavailableItems(element, placeholder));
    case ColumnKind.REWRITTEN:
      return printedRewritten(mapped, placeholder);
    default:
      return mapped.typeOid === numericOid ? numberOf(mapped, placeholder) : undefined;
  }
}

function printedRewritten({ rewrite, element }: MappedType, placeholder: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(placeholder);
  switch (rewrite?.kind) {
    case 'bytes':
      return text;
    case 'hstore':
      return `${quotedText(text)}=>${quotedText(text)}`;
    case 'row':
      // Without a layout no text of it is read.
      return rewrite.layouts[0] === undefined ? undefined : unavailableRow(rewrite.layouts[0], element?.fields ?? [], placeholder);
    case 'array':
    case 'delimited': {
      const items = (rewrite.kind === 'array' ? element?.fields?.at(-1) : element)?.element;
      return items === undefined ? undefined : `{${unavailableItems(items, placeholder).map(quotedItem).join(rewrite.by)}}`;
    }
    case 'range':
      return unavailableRange(element?.fields?.[0], placeholder);
    case 'multirange': {
      const range = element?.element;
      return range === undefined ? undefined : `{${unavailableItems(range, placeholder).join(',')}}`;
    }
    case 'vector':
      return `[${bytesOf(placeholder).join(',')}]`;
    case 'sparsevec':
      return '{}/0';
    case 'ewkb':
      // An empty collection; the others have no text for it.
      return '010700000000000000';
    case 'geometric':
      return rewrite.form === 'path' || rewrite.form === 'polygon'
        ? `(${bytesOf(placeholder)
            .map((byte) => `(${byte},${byte})`)
            .join(',')})`
        : undefined;
    case 'structured':
    case 'spaced':
    case 'truncate':
    case 'hash':
    case undefined:
      return undefined;
  }
}

/**
 * Debezium's forms, and for elements of which it makes null what is like them: numbers, days and milliseconds, and what is made
 * of them, count the bytes of the placeholder, every other array holds one placeholder.
 */
function unavailableItems(element: MappedType, placeholder: Uint8Array): readonly (string | null)[] {
  const counted = countedText(element);
  if (counted !== undefined) return bytesOf(placeholder).map(counted);
  return [printed(element, placeholder) ?? null];
}

function countedText({ kind, rewrite, element, typeOid }: MappedType): ((count: number) => string) | undefined {
  if (rewrite?.kind === 'structured') return structuredBy[rewrite.form];
  if (rewrite?.kind === 'geometric') return shapeBy[rewrite.form];
  if (typeOid === lineOid) return (count) => `{${count},${count},${count}}`;
  const bound = rewrite?.kind === 'range' ? element?.fields?.[0] : undefined;
  if (bound === undefined) return countedBy[kind];
  const counted = countedText(bound);
  return counted === undefined ? undefined : (count) => rangeOf(counted(count));
}

/** One value; where that has no placeholder there is none. */
function unavailableRange(bound: MappedType | undefined, placeholder: Uint8Array): string {
  const text = bound === undefined ? undefined : printed(bound, placeholder);
  return text === undefined ? 'empty' : rangeOf(text);
}

function rangeOf(bound: string): string {
  return `[${quotedText(bound)},${quotedText(bound)}]`;
}

/** The placeholder in every field that has a form for it, the others empty. */
function unavailableRow(layout: RowLayout, fields: readonly MappedType[], placeholder: Uint8Array): string {
  const texts = layout.map((index) => {
    const field = fields[index];
    return field === undefined ? undefined : printed(field, placeholder);
  });
  return `(${texts.map((text) => (text === undefined ? '' : quotedText(text))).join(',')})`;
}

function quotedItem(text: string | null): string {
  return text === null ? 'NULL' : quotedText(text);
}

function bytesOf(placeholder: Uint8Array): number[] {
  return [...new Int8Array(placeholder)];
}

/** The number whose bytes are the placeholder's, or as many of the first of them as the precision allows. */
function numberOf({ kind, schema, scale }: MappedType, placeholder: Uint8Array): string {
  const limit = 10n ** BigInt(schema.parameters?.['connect.decimal.precision'] ?? 1000);
  let value = 0n;
  for (const byte of placeholder) {
    const next = value * 256n + BigInt(byte);
    if (next >= limit) break;
    value = next;
  }
  if (kind === ColumnKind.FLOAT64) return String(Number(value));
  const digits = Math.max(scale, 0);
  const text = String(value).padStart(digits + 1, '0');
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** Bits of which `io.debezium.data.Bits` makes the same bytes: the last byte first. */
function bitsOf(placeholder: Uint8Array): string {
  return [...placeholder]
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .toReversed()
    .join('');
}

/** Java's `UUID.nameUUIDFromBytes`: version 3 without a name space. */
function hashedUuid(placeholder: Uint8Array): string {
  const hash = createHash('md5').update(placeholder).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x30;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
