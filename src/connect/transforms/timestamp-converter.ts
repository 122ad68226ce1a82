import { ConnectError } from '../../base/errors.ts';
import { Op } from '../../record/change.ts';
import type { Change } from '../../record/change.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { RowSchema } from '../../record/row-schema.ts';
import type { LiteralValue, Schema, SchemaType } from '../../record/schema.ts';
import type { Node } from '../../record/shape.ts';
import type { Config } from '../config.ts';
import type { ConfigKey, TransformPlugin } from '../plugin.ts';
import type { RowStep, ShapePlan, Transform } from '../transform.ts';
import { castReader } from './cast-value.ts';
import { DerivedText } from './derived-text.ts';
import { javaDateFormat } from './java-date-format.ts';
import { javaDateParser } from './java-date-parser.ts';
import { epochNanosOf, floorDivide, momentKinds } from './moment-text.ts';
import { findField, invalid, replaceNullKey, requireStruct, stringKey, withFields } from './part.ts';
import { rowReader } from './row-value.ts';

const targets = ['string', 'unix', 'Date', 'Time', 'Timestamp'] as const;
type Target = (typeof targets)[number];

/** How many nanoseconds one unit has. */
const precisions: Readonly<Record<string, bigint>> = {
  nanoseconds: 1n,
  microseconds: 1000n,
  milliseconds: 1_000_000n,
  seconds: 1_000_000_000n,
};
const dayMs = 86_400_000n;
const dateMsMax = 8_640_000_000_000_000n;

const configKeys: readonly ConfigKey[] = [
  stringKey('field', 'The field containing the timestamp; empty: the whole value is the timestamp.', ''),
  { ...stringKey('target.type', 'The desired timestamp representation: string, unix, Date, Time, or Timestamp.'), oneOf: targets },
  stringKey('format', 'A pattern of java.text.SimpleDateFormat for strings, read and written.', ''),
  { ...stringKey('unix.precision', 'The unit of unix timestamps, read and written.', 'milliseconds'), oneOf: Object.keys(precisions) },
  replaceNullKey,
];

export const timestampConverterPlugins: readonly TransformPlugin[] = (['key', 'value'] as const).map((part) => ({
  className: `org.apache.kafka.connect.transforms.TimestampConverter$${part === 'key' ? 'Key' : 'Value'}`,
  aliases: [],
  configKeys,
  create: (config: Config) => timestampConverter(config, part),
}));

function timestampConverter(config: Config, part: 'key' | 'value'): Transform {
  const given = config.choice('target.type');
  const target = targets.find((each) => each.toLowerCase() === given.toLowerCase());
  if (target === undefined) throw invalid('target.type', given, `it must be one of ${targets.join(', ')}`);
  const [field, format] = [config.optional('field') ?? '', config.optional('format') ?? ''];
  if (target === 'string' && format === '')
    throw new ConnectError('config.invalid', 'TimestampConverter requires format option to be specified when using string timestamps', {
      remedy: 'Set "format", such as yyyy-MM-dd.',
    });
  const unit = precisions[config.choice('unix.precision')] ?? 1_000_000n;
  const write = writer(target, unit, format === '' ? null : javaDateFormat(format, 'format'));
  const parse = format === '' ? null : javaDateParser(format, 'format');
  return {
    plan(shape, op): ShapePlan {
      const whole = shape[part];
      if (whole === null || (part === 'value' && op === Op.TOMBSTONE)) return { shape, step: null };
      const node = field === '' ? whole : findField(requireStruct(whole, 'formatting timestamp'), field);
      if (node === null) return { shape, step: null };
      const { schema, node: converted, step } = convert(node, shape.schema, target, unit, write, parse);
      if (field === '') return { shape: { ...shape, schema, [part]: converted }, step };
      const struct = requireStruct(whole, 'formatting timestamp');
      const fields = struct.fields.map((each) => (each.name === field ? { name: field, node: converted } : each));
      return { shape: { ...shape, schema, [part]: withFields(struct, fields) }, step };
    },
  };
}

type Write = (epochMs: bigint) => string;
type Parse = (text: string) => number | null;

/** Kafka Connect goes by way of java.util.Date, so that nothing finer than milliseconds comes through. */
function writer(target: Target, unit: bigint, format: ((epochMs: number) => string) | null): Write {
  switch (target) {
    case 'string':
      return (epochMs) => {
        if (epochMs > dateMsMax || epochMs < -dateMsMax) throw outOfRange();
        return format?.(Number(epochMs)) ?? '';
      };
    case 'unix':
      // Towards 1970, as Java's TimeUnit.
      return (epochMs) => String((epochMs * 1_000_000n) / unit);
    case 'Date':
      return (epochMs) => String(floorDivide(epochMs, dayMs));
    case 'Time':
      return (epochMs) => String(epochMs - floorDivide(epochMs, dayMs) * dayMs);
    case 'Timestamp':
      return String;
  }
}

const written: Readonly<Record<Target, readonly [type: SchemaType, kind: ColumnKind]>> = {
  string: ['string', ColumnKind.STRING],
  unix: ['int64', ColumnKind.LONG],
  Date: ['int32', ColumnKind.INT],
  Time: ['int32', ColumnKind.INT],
  Timestamp: ['int64', ColumnKind.LONG],
};

function convert(
  node: Node,
  schema: RowSchema,
  target: Target,
  unit: bigint,
  write: Write,
  parse: Parse | null,
): { schema: RowSchema; node: Node; step: RowStep } {
  const epochMs = reader(node, schema, unit, parse);
  const [type, kind] = written[target];
  const isLogical = target !== 'string' && target !== 'unix';
  const of: Schema = {
    type,
    optional: node.schema.optional,
    ...(isLogical && { name: `org.apache.kafka.connect.data.${target}`, version: 1 }),
  };
  const unread = neutral(node, schema, unit);
  const text = new DerivedText(schema, 'the converted timestamp', {
    kind,
    schema: of,
    neutral: unread === null ? undefined : literal(write(unread), type),
  });
  const step: RowStep = (change) => {
    const at = epochMs(change);
    text.write(change, at === null ? null : write(at));
    return true;
  };
  return { schema: text.schema, node: text.node, step };
}

/** What stands for a value that an old row lacks, as a moment; null: nothing does. */
function neutral(node: Node, schema: RowSchema, unit: bigint): bigint | null {
  const column = node.kind === 'column' ? schema.columns[node.column] : undefined;
  if (typeof column?.neutral === 'bigint') {
    const isMoment = node.schema.name === 'org.apache.kafka.connect.data.Timestamp';
    return isMoment ? column.neutral : (column.neutral * unit) / 1_000_000n;
  }
  const isText = column?.kind === ColumnKind.ZONED_TIMESTAMP && typeof column.neutral === 'string';
  return isText ? floorDivide(epochNanosOf(column.neutral), 1_000_000n) : null;
}

function literal(text: string, type: SchemaType): LiteralValue {
  return type === 'string' ? text : type === 'int64' ? BigInt(text) : Number(text);
}

/** As Kafka Connect sees the field: Debezium's moments are int64, hence unix timestamps of `unix.precision`, whatever they mean. */
function reader(node: Node, schema: RowSchema, unit: bigint, parse: Parse | null): (change: Change) => bigint | null {
  const kind = node.kind === 'column' ? schema.columns[node.column]?.kind : undefined;
  const read = rowReader(node, schema);
  const fromUnits = (units: bigint): bigint => (units * unit) / 1_000_000n;
  const isUnix = (node.kind === 'register' && node.holds === 'int64') || kind === ColumnKind.LONG;
  if (isUnix) return (change) => nullOr(read(change), (value) => fromUnits(BigInt(value)));
  if (kind !== undefined && momentKinds.has(kind)) {
    const own = kind === ColumnKind.TIMESTAMP_MICROS ? 1000n : kind === ColumnKind.TIMESTAMP_NANOS ? 1n : 1_000_000n;
    // Text with a zone, and Connect's own Timestamp, are moments in themselves.
    const isMoment = kind === ColumnKind.ZONED_TIMESTAMP || node.schema.name === 'org.apache.kafka.connect.data.Timestamp';
    return (change) =>
      nullOr(read(change), (value) => {
        const nanos = epochNanosOf(value);
        return isMoment ? floorDivide(nanos, 1_000_000n) : fromUnits(floorDivide(nanos, own));
      });
  }
  if (kind === ColumnKind.STRING) {
    if (parse === null)
      throw new ConnectError('data.shape', 'TimestampConverter requires format option to be specified when using string timestamps', {
        remedy: 'Set "format", such as yyyy-MM-dd.',
      });
    return (change) =>
      nullOr(read(change), (text) => {
        const epochMs = parse(text);
        if (epochMs !== null) return BigInt(epochMs);
        throw new ConnectError('data.value', 'TimestampConverter cannot read a text by the pattern of "format".', {
          remedy: 'Correct the row or "format".',
        });
      });
  }
  const isDate = /^org\.apache\.kafka\.connect\.data\.(Date|Time)$/.test(node.schema.name ?? '');
  const number = isDate || node.schema.type === 'int64' ? castReader(node, schema) : null;
  if (number !== null)
    return (change) => {
      const value = number(change);
      return value?.kind === 'date' ? value.epochMs : value?.kind === 'integer' ? fromUnits(value.value) : null;
    };
  throw new ConnectError('data.shape', `TimestampConverter cannot read a ${node.schema.name ?? node.schema.type} as a timestamp.`, {
    remedy: 'Name a column of type timestamp, timestamptz, bigint or text, or convert it in the database.',
  });
}

function outOfRange(): ConnectError {
  return new ConnectError('data.value', 'TimestampConverter cannot write a time so far from 1970 as text.', {
    remedy: 'Correct the row, or "unix.precision".',
  });
}

function nullOr(value: string | number | bigint | boolean | null, convertText: (text: string) => bigint): bigint | null {
  return value === null ? null : convertText(String(value));
}
