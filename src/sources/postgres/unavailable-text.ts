import { createHash } from 'node:crypto';

import { arrayLiteral, quotedText } from '../../base/array-literal.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { RowLayout, StructuredForm } from '../../record/cell-rewrite.ts';
import { compileRewrite } from '../../text/cell-rewrite.ts';
import { ByteRegister } from '../../text/value-register.ts';
import type { MappedType } from './type-map.ts';

const bytesKinds: ReadonlySet<ColumnKind> = new Set<ColumnKind>([
  ColumnKind.BYTES_HEX,
  ColumnKind.BYTES_BASE64,
  ColumnKind.BYTES_BASE64_URL,
]);

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

/**
 * What is written for a value that an update did not change and therefore did not send (unchanged TOAST): text in the
 * form in which the kind reads it. `undefined`: the type has no form for a placeholder, such a value is an error.
 */
export function unavailableText(mapped: MappedType, placeholder: Uint8Array, inArray = false): string | undefined {
  const text = new TextDecoder().decode(placeholder);
  const { kind, element } = mapped;
  if (kind === ColumnKind.STRING) return mapped.schema.name === 'io.debezium.data.Uuid' ? hashedUuid(placeholder) : text;
  // Debezium's own: in this mode the placeholder is not turned into hexadecimal digits; in arrays it is.
  if (kind === ColumnKind.BYTES_HEX_TEXT && !inArray) return text;
  if (bytesKinds.has(kind) || kind === ColumnKind.BYTES_HEX_TEXT) return `\\x${Buffer.from(placeholder).toString('hex')}`;
  if (kind === ColumnKind.BITS) return bitsOf(placeholder);
  if (kind === ColumnKind.HSTORE_JSON) return `${quotedText(text)}=>${quotedText(text)}`;
  if (kind === ColumnKind.REWRITTEN) return unavailableRewritten(mapped, placeholder);
  // Well-known binary and what belongs to it.
  if (kind === ColumnKind.STRUCT && mapped.fields?.[0]?.kind === ColumnKind.BYTES_HEX) {
    return `{"\\\\x${Buffer.from(placeholder).toString('hex')}",NULL${mapped.fields?.length === 3 ? ',NULL' : ''}}`;
  }
  if (kind === ColumnKind.STRUCT && mapped.schema.name === 'io.debezium.data.SparseDoubleVector') return '{0,"{}"}';
  if (kind === ColumnKind.MAP) return arrayLiteral([text, text]);
  return kind === ColumnKind.ARRAY && element !== undefined ? unavailableArray(element, placeholder) : undefined;
}

/**
 * Debezium's forms, and for elements of which it makes null what is like them: numbers, days and milliseconds count the bytes of
 * the placeholder, every other array holds one placeholder.
 */
function unavailableArray(element: MappedType, placeholder: Uint8Array): string | undefined {
  const { kind, rewrite } = element;
  const counted = rewrite?.kind === 'structured' ? structuredBy[rewrite.form] : countedBy[kind];
  if (counted !== undefined) return arrayLiteral([...new Int8Array(placeholder)].map((byte) => counted(byte)));
  const item =
    element.kind === ColumnKind.ARRAY
      ? undefined
      : element.kind === ColumnKind.REWRITTEN
        ? unrewritten(element, placeholder)
        : unavailableText(element, placeholder, true);
  return item === undefined ? undefined : arrayLiteral([item]);
}

/** Rows and arrays as structs go the way of every value, the others have forms of their own. */
function unavailableRewritten(mapped: MappedType, placeholder: Uint8Array): string | undefined {
  const { element, rewrite } = mapped;
  if (element === undefined || rewrite === undefined) return undefined;
  if (rewrite.kind !== 'row' && rewrite.kind !== 'array') return unavailableText(element, placeholder);
  const printed = unrewritten(mapped, placeholder);
  if (printed === undefined) return undefined;
  const bytes = Buffer.from(printed, 'utf8');
  const into = new ByteRegister();
  compileRewrite(rewrite, null)(bytes, 0, bytes.length, into);
  return Buffer.from(into.bytes.subarray(0, into.length)).toString('utf8');
}

/** In an array or a row the text goes the way of every value, so it has to look as if the server had printed it. */
function unrewritten({ rewrite, element }: MappedType, placeholder: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(placeholder);
  if (rewrite?.kind === 'bytes') return text;
  if (rewrite?.kind === 'hstore') return `${quotedText(text)}=>${quotedText(text)}`;
  if (rewrite?.kind === 'row') return unavailableRow(rewrite.layouts[0] ?? [], element?.fields ?? [], placeholder);
  if (rewrite?.kind === 'array') {
    const elements = element?.fields?.at(-1)?.element;
    return elements === undefined ? undefined : unavailableArray(elements, placeholder);
  }
  if (rewrite?.kind === 'vector') return `[${[...new Int8Array(placeholder)].join(',')}]`;
  if (rewrite?.kind === 'sparsevec') return '{}/0';
  // An empty collection; the others have no text for it.
  return rewrite?.kind === 'ewkb' ? '010700000000000000' : undefined;
}

/** The placeholder in every field that has a form for it, the others empty; `undefined`: no field has one. */
function unavailableRow(layout: RowLayout, fields: readonly MappedType[], placeholder: Uint8Array): string | undefined {
  const texts = layout.map((index) => {
    const field = fields[index];
    if (field === undefined) return undefined;
    return field.kind === ColumnKind.REWRITTEN ? unrewritten(field, placeholder) : unavailableText(field, placeholder);
  });
  if (texts.every((text) => text === undefined)) return undefined;
  return `(${texts.map((text) => (text === undefined ? '' : quotedText(text))).join(',')})`;
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
