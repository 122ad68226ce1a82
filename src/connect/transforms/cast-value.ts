import { ConnectError } from '../../base/errors.ts';
import type { Change } from '../../record/change.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { RowSchema } from '../../record/row-schema.ts';
import type { SchemaType } from '../../record/schema.ts';
import type { Node } from '../../record/shape.ts';
import { epochNanosOf, floorDivide } from './moment-text.ts';
import { rowReader } from './row-value.ts';

/** A value as Kafka Connect has it, where that is not the text of the cell. */
export type CastValue =
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'decimal'; readonly text: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'bytes'; readonly hex: string }
  /** A `java.util.Date`: what is written of it, and which moment it is. */
  | { readonly kind: 'date'; readonly value: bigint; readonly epochMs: bigint };

const K = ColumnKind;
const dayMs = 86_400_000n;
/** How many nanoseconds a unit of the number has that Kafka Connect sees. */
const units: ReadonlyMap<ColumnKind, bigint> = new Map<ColumnKind, bigint>([
  [K.TIME_MILLIS, 1_000_000n],
  [K.TIME_MICROS, 1000n],
  [K.TIME_NANOS, 1n],
  [K.TIMESTAMP_MILLIS, 1_000_000n],
  [K.TIMESTAMP_MICROS, 1000n],
  [K.TIMESTAMP_NANOS, 1n],
]);

/** Null: this node cannot be cast. */
export function castReader(node: Node, schema: RowSchema): ((change: Change) => CastValue | null) | null {
  const read = rowReader(node, schema);
  const parse = node.kind === 'register' && node.holds === 'int64' ? integer : node.kind === 'column' ? parserOf(node, schema) : null;
  if (parse === null) return null;
  return (change) => {
    const value = read(change);
    return value === null ? null : parse(String(value));
  };
}

type Parse = (text: string) => CastValue;

const integer: Parse = (text) => ({ kind: 'integer', value: BigInt(text) });

function parserOf({ column, schema }: Extract<Node, { readonly kind: 'column' }>, rows: RowSchema): Parse | null {
  const kind = rows.columns[column]?.kind;
  const isDate = schema.name?.startsWith('org.apache.kafka.connect.data.') === true;
  const unit = kind === undefined ? undefined : units.get(kind);
  if (unit !== undefined) {
    return (text) => {
      const nanos = nanosOf(text);
      const value = floorDivide(nanos, unit);
      return isDate ? { kind: 'date', value, epochMs: floorDivide(nanos, 1_000_000n) } : { kind: 'integer', value };
    };
  }
  if (kind === K.DATE_DAYS) {
    return (text) => {
      const epochMs = floorDivide(epochNanosOf(`${text} 00:00:00`), 1_000_000n);
      const value = floorDivide(epochMs, dayMs);
      return isDate ? { kind: 'date', value, epochMs } : { kind: 'integer', value };
    };
  }
  return (kind === undefined ? undefined : parsers.get(kind)) ?? null;
}

const flag: Parse = (text) => ({ kind: 'boolean', value: /^(t|true|1)$/i.test(text) });

const parsers: ReadonlyMap<ColumnKind, Parse> = new Map<ColumnKind, Parse>([
  [K.INT, integer],
  [K.LONG, integer],
  [K.FLOAT32, (text) => ({ kind: 'float', value: Math.fround(Number(text)) })],
  [K.FLOAT64, (text) => ({ kind: 'float', value: Number(text) })],
  [K.DECIMAL, (text) => ({ kind: 'decimal', text })],
  [K.BOOLEAN, flag],
  [K.BIT, flag],
  [K.BYTES_HEX, (text) => ({ kind: 'bytes', hex: text.slice(2) })],
]);

function nanosOf(text: string): bigint {
  const time = /^(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?$/.exec(text);
  if (time === null) return epochNanosOf(text);
  const [, hours = '', minutes = '', seconds = '', fraction = ''] = time;
  return BigInt(Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/** The text of the cell that is written instead, as the target's kind reads it. A number that does not fit is a data error. */
export function castText(value: CastValue, type: SchemaType): string {
  switch (type) {
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64': {
      const whole = wholeOf(value);
      if (BigInt.asIntN(Number(type.slice(3)), whole) !== whole) throw refused(type);
      return String(whole);
    }
    case 'float32':
    case 'float64':
      return String(value.kind === 'float' ? value.value : value.kind === 'decimal' ? value.text : wholeOf(value));
    case 'boolean':
      return String(value.kind === 'float' ? Math.trunc(value.value || 0) !== 0 : wholeOf(value) !== 0n);
    case 'string':
      return textOf(value);
    case 'bytes':
    case 'array':
    case 'map':
    case 'struct':
      throw refused(type);
  }
}

/** Fractions are cut off, as Java does. */
function wholeOf(value: CastValue): bigint {
  switch (value.kind) {
    case 'integer':
    case 'date':
      return value.value;
    case 'boolean':
      return value.value ? 1n : 0n;
    case 'float':
      if (!Number.isFinite(value.value)) throw refused('integer');
      return BigInt(Math.trunc(value.value));
    case 'decimal': {
      const digits = /^([+-]?\d+)(?:\.\d*)?$/.exec(value.text)?.[1];
      if (digits === undefined) throw refused('integer');
      return BigInt(digits.replace('+', ''));
    }
    case 'bytes':
      throw refused('number');
  }
}

function textOf(value: CastValue): string {
  switch (value.kind) {
    case 'bytes':
      return Buffer.from(value.hex, 'hex').toString('base64');
    case 'date':
      return dateText(value.epochMs);
    case 'boolean':
    case 'float':
    case 'integer':
      return String(value.value);
    case 'decimal':
      return value.text;
  }
}

/** Kafka Connect chooses by the number: within the first day a time, at midnight a date. */
function dateText(epochMs: bigint): string {
  const iso = new Date(Number(epochMs)).toISOString();
  if (epochMs < dayMs && epochMs > -dayMs) return iso.slice(11);
  return floorDivide(epochMs, dayMs) * dayMs === epochMs ? iso.slice(0, 10) : iso;
}

function refused(type: string): ConnectError {
  return new ConnectError('data.value', `A value was out of range for the requested type ${type} of Cast.`, {
    remedy: 'Correct the row, or cast to a wider type.',
  });
}
