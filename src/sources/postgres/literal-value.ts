import { ColumnKind } from '../../record/column-kind.ts';
import type { LiteralValue } from '../../record/schema.ts';
import { readIntervalIso } from '../../text/text-interval.ts';
import { readIsoDate, readIsoTime, readIsoTimestamp } from '../../text/text-iso-time.ts';
import { ByteRegister } from '../../text/value-register.ts';
import type { MappedType } from './type-map.ts';

/**
 * A value's text, as Postgres prints it, as a schema default. `undefined`: this kind has no defaults (structs, arrays, and what
 * `defaultValue` leaves out), or the text is not a value of the kind. Shape time only.
 */
export function literalValue(text: string, mapped: MappedType): LiteralValue | undefined {
  switch (mapped.kind) {
    case ColumnKind.BOOLEAN:
      return /^(t|true)$/i.test(text) ? true : /^(f|false)$/i.test(text) ? false : undefined;
    case ColumnKind.INT:
      return /^-?\d+$/.test(text) ? Number(text) : undefined;
    case ColumnKind.LONG:
      return /^-?\d+$/.test(text) ? BigInt(text) : undefined;
    case ColumnKind.FLOAT32:
    case ColumnKind.FLOAT64:
      return /^(-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|-?Infinity|NaN)$/i.test(text) ? Number(text) : undefined;
    case ColumnKind.STRING:
      return text;
    case ColumnKind.DECIMAL_STRING:
      return decimalText(text, mapped.scale);
    case ColumnKind.INTERVAL_ISO:
      return converted(text, readIntervalIso);
    case ColumnKind.ISO_DATE:
      return converted(text, readIsoDate);
    case ColumnKind.ISO_TIME:
      return converted(text, readIsoTime);
    case ColumnKind.ISO_TIMESTAMP:
      return converted(text, readIsoTimestamp);
    case ColumnKind.BIT:
      return text === '1' ? true : text === '0' ? false : undefined;
    case ColumnKind.BITS:
      return /^[01]*$/.test(text) ? bitBytes(text) : undefined;
    case ColumnKind.DECIMAL:
      return decimalBytes(text, mapped.scale);
    case ColumnKind.INTERVAL_MICROS:
      return intervalMicros(text);
    case ColumnKind.DATE_DAYS:
    case ColumnKind.TIME_MILLIS:
    case ColumnKind.TIME_MICROS:
    case ColumnKind.TIMESTAMP_MILLIS:
    case ColumnKind.TIMESTAMP_MICROS:
    case ColumnKind.TIME_NANOS:
    case ColumnKind.TIMESTAMP_NANOS:
    case ColumnKind.ZONED_TIMESTAMP:
      return temporal(text, mapped);
    case ColumnKind.VARIABLE_SCALE_DECIMAL:
    case ColumnKind.POINT:
    case ColumnKind.ARRAY:
    case ColumnKind.MAP:
    case ColumnKind.STRUCT:
    case ColumnKind.REWRITTEN:
    case ColumnKind.HSTORE_JSON:
    case ColumnKind.MONEY:
    case ColumnKind.MONEY_STRING:
    case ColumnKind.MONEY_DOUBLE:
    case ColumnKind.BYTES_HEX:
    case ColumnKind.BYTES_BASE64:
    case ColumnKind.BYTES_BASE64_URL:
    case ColumnKind.BYTES_HEX_TEXT:
    case ColumnKind.ZONED_TIME:
      return undefined;
  }
}

type TextReader = (bytes: Uint8Array, start: number, end: number, into: ByteRegister) => void;

/** By the reader that rows go through. */
function converted(text: string, read: TextReader): string | undefined {
  const bytes = Buffer.from(text, 'utf8');
  const into = new ByteRegister();
  try {
    read(bytes, 0, bytes.length, into);
  } catch {
    return undefined;
  }
  return Buffer.from(into.bytes.subarray(0, into.length)).toString('utf8');
}

function temporal(text: string, mapped: MappedType): LiteralValue | undefined {
  const { kind, scale } = mapped;
  if (kind === ColumnKind.ZONED_TIMESTAMP) {
    // The session's time zone is UTC, so no other offset is printed.
    const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?\+00$/.exec(text);
    return match === null ? undefined : `${match[1]}T${match[2]}${fraction(match[3] ?? '', scale)}Z`;
  }
  const isTime = kind === ColumnKind.TIME_MILLIS || kind === ColumnKind.TIME_MICROS || kind === ColumnKind.TIME_NANOS;
  const micros = isTime ? timeMicros(text) : timestampMicros(kind === ColumnKind.DATE_DAYS ? `${text} 00:00:00` : text);
  if (micros === undefined) return undefined;
  if (kind === ColumnKind.DATE_DAYS) return Number(micros / 86_400_000_000n);
  if (kind === ColumnKind.TIME_MILLIS) return Number(micros / 1000n);
  if (kind === ColumnKind.TIME_NANOS || kind === ColumnKind.TIMESTAMP_NANOS) return micros * 1000n;
  return kind === ColumnKind.TIMESTAMP_MILLIS ? micros / 1000n : micros;
}

function fraction(digits: string, scale: number): string {
  const padded = scale < 0 ? digits : digits.padEnd(scale, '0');
  return padded === '' ? '' : `.${padded}`;
}

function timeMicros(text: string): bigint | undefined {
  const match = /^(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/.exec(text);
  if (match === null) return undefined;
  const seconds = Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]);
  return BigInt(seconds) * 1_000_000n + BigInt((match[4] ?? '').padEnd(6, '0'));
}

/** Years 0001 to 9999; defaults outside are left out. */
function timestampMicros(text: string): bigint | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,6})?)$/.exec(text);
  if (match === null) return undefined;
  const midnight = new Date(0);
  midnight.setUTCFullYear(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
  const time = timeMicros(match[4] ?? '');
  return time === undefined ? undefined : BigInt(midnight.getTime()) * 1000n + time;
}

function whole(part: string | undefined): bigint {
  return BigInt((part ?? '0').replace('+', ''));
}

/** Months count 365.25/12 days, as `io.debezium.time.MicroDuration` has it. */
function intervalMicros(text: string): bigint | undefined {
  const match =
    /^(?:(-?\+?\d+) years? ?)?(?:([-+]?\d+) mons? ?)?(?:([-+]?\d+) days? ?)?(?:([-+])?(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/.exec(text);
  if (match === null || text === '') return undefined;
  const months = whole(match[1]) * 12n + whole(match[2]);
  const day = 86_400_000_000n;
  const seconds = whole(match[5]) * 3600n + whole(match[6]) * 60n + whole(match[7]);
  const time = seconds * 1_000_000n + BigInt((match[8] ?? '').padEnd(6, '0'));
  return (months * day * 36_525n) / 1200n + whole(match[3]) * day + (match[4] === '-' ? -time : time);
}

function decimalText(text: string, scale: number): string | undefined {
  const match = /^(-?)(\d*)(?:\.(\d*))?$/.exec(text);
  if (match === null) return undefined;
  const digits = match[3] ?? '';
  const padded = scale < 0 ? digits : digits.padEnd(scale, '0');
  return `${match[1]}${match[2] === '' ? '0' : match[2]}${padded === '' ? '' : `.${padded}`}`;
}

/** Unscaled two's complement, big-endian, as few bytes as hold it. */
function decimalBytes(text: string, scale: number): Uint8Array | undefined {
  const match = /^(-?)(\d*)(?:\.(\d*))?$/.exec(text);
  if (match === null) return undefined;
  const digits = match[3] ?? '';
  if (digits.length > scale && /[^0]/.test(digits.slice(scale))) return undefined;
  const magnitude = BigInt(`0${match[2]}${digits.slice(0, scale).padEnd(scale, '0')}`);
  return twosComplement(match[1] === '-' ? -magnitude : magnitude);
}

function twosComplement(value: bigint): Uint8Array {
  let length = 1;
  while (BigInt.asIntN(length * 8, value) !== value) length += 1;
  const bytes = new Uint8Array(length);
  let rest = BigInt.asUintN(length * 8, value);
  for (let index = length - 1; index >= 0; index -= 1) {
    bytes[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** Little-endian, zero bytes at the end cut off. */
function bitBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(text.length / 8));
  for (let index = 0; index < text.length; index += 1) {
    const bit = text.length - 1 - index;
    if (text.charAt(index) === '1') bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (1 << (bit & 7));
  }
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === 0) length -= 1;
  return bytes.slice(0, length);
}

/** What stands in an old row for a value that it lacks, where the column has no default: Debezium pads moments by defaults alone. */
export function missingValue(mapped: MappedType): LiteralValue {
  return mapped.kind === ColumnKind.ZONED_TIMESTAMP ? '1970-01-01T00:00:00Z' : neutralValue(mapped);
}

/**
 * What stands for a value that is not there although the column is NOT NULL. Where the schema has no literals (arrays,
 * structs) it is the text that the kind reads.
 */
export function neutralValue(mapped: MappedType): LiteralValue {
  switch (mapped.kind) {
    case ColumnKind.BOOLEAN:
    case ColumnKind.BIT:
      return false;
    case ColumnKind.INT:
    case ColumnKind.FLOAT32:
    case ColumnKind.FLOAT64:
    case ColumnKind.MONEY_DOUBLE:
    case ColumnKind.DATE_DAYS:
    case ColumnKind.TIME_MILLIS:
      return 0;
    case ColumnKind.LONG:
    case ColumnKind.TIME_MICROS:
    case ColumnKind.TIMESTAMP_MILLIS:
    case ColumnKind.TIMESTAMP_MICROS:
    case ColumnKind.TIME_NANOS:
    case ColumnKind.TIMESTAMP_NANOS:
    case ColumnKind.INTERVAL_MICROS:
      return 0n;
    case ColumnKind.STRING:
      return neutralText(mapped.schema.name);
    case ColumnKind.DECIMAL_STRING:
      return '0';
    case ColumnKind.BYTES_HEX:
    case ColumnKind.BITS:
      return new Uint8Array(0);
    case ColumnKind.DECIMAL:
    case ColumnKind.MONEY:
      return Uint8Array.of(0);
    case ColumnKind.ZONED_TIMESTAMP:
      return mapped.scale > 0 ? `1970-01-01T00:00:00.${'0'.repeat(mapped.scale)}Z` : '1970-01-01T00:00:00Z';
    case ColumnKind.ZONED_TIME:
      return '00:00:00Z';
    case ColumnKind.VARIABLE_SCALE_DECIMAL:
      return '0';
    case ColumnKind.POINT:
      return '(0,0)';
    case ColumnKind.ARRAY:
    case ColumnKind.MAP:
      return '{}';
    case ColumnKind.STRUCT:
      return mapped.neutral ?? null;
    case ColumnKind.REWRITTEN:
      return mapped.element === undefined ? null : neutralValue(mapped.element);
    case ColumnKind.HSTORE_JSON:
      return '{}';
    case ColumnKind.MONEY_STRING:
      return mapped.scale > 0 ? `0.${'0'.repeat(mapped.scale)}` : '0';
    case ColumnKind.BYTES_BASE64:
    case ColumnKind.BYTES_BASE64_URL:
    case ColumnKind.BYTES_HEX_TEXT:
      return '';
    case ColumnKind.ISO_DATE:
      return '1970-01-01Z';
    case ColumnKind.ISO_TIME:
      return '00:00:00Z';
    case ColumnKind.ISO_TIMESTAMP:
      return '1970-01-01T00:00:00Z';
    case ColumnKind.INTERVAL_ISO:
      return 'P0Y0M0DT0H0M0S';
  }
}

function neutralText(semanticName: string | undefined): string {
  if (semanticName === 'io.debezium.data.Json') return '{}';
  return semanticName === 'io.debezium.data.Uuid' ? '00000000-0000-0000-0000-000000000000' : '';
}
