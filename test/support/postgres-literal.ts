import type { Schema } from '../../src/record/schema.ts';

/**
 * A decoded value (longs as bigint, unions unwrapped) as text that Postgres reads as that value: what a consumer of the
 * records would write into a table.
 */
export function postgresLiteral(schema: Schema, value: unknown): string {
  const named = schema.name === undefined ? undefined : byName[schema.name];
  if (named !== undefined) return named(value, schema);
  if (schema.type === 'array') return arrayOf(schema.items as Schema, value as readonly unknown[]);
  if (schema.type === 'struct') return structLiteral(schema, value as Record<string, unknown>);
  if (schema.type === 'bytes') return `\\x${(value as Buffer).toString('hex')}`;
  if (schema.type !== 'map') return String(value);
  const entries = Object.entries(value as Record<string, string | null>);
  return entries.map(([key, item]) => `${quoted(key)}=>${item === null ? 'NULL' : quoted(item)}`).join(',');
}

function structLiteral(schema: Schema, value: Readonly<Record<string, unknown>>): string {
  const names = (schema.fields ?? []).map((field) => field.name).join();
  if (names === 'dimensions,lower_bounds,elements') return dimensionsLiteral(schema, value);
  if (names === 'lower,upper,lower_inclusive,upper_inclusive,empty') return rangeLiteral(schema, value);
  const fields = (schema.fields ?? []).map((field) =>
    value[field.name] === null ? '' : quoted(element(field.schema, value[field.name]) ?? ''),
  );
  return `(${fields.join(',')})`;
}

function element(schema: Schema, value: unknown): string | null {
  return value === null ? null : postgresLiteral(schema, value);
}

function arrayOf(items: Schema, values: readonly unknown[]): string {
  const texts = values.map((item) => element(items, item));
  // Only multiranges are arrays of ranges that may not be missing; theirs are not quoted.
  return items.fields?.at(-1)?.name === 'empty' && !items.optional ? `{${texts.join(',')}}` : arrayLiteral(texts);
}

function arrayLiteral(items: readonly (string | null)[], by = ','): string {
  return `{${items.map((item) => (item === null ? 'NULL' : quoted(item))).join(by)}}`;
}

function dimensionsLiteral(schema: Schema, value: Readonly<Record<string, unknown>>): string {
  const dimensions = value['dimensions'] as readonly number[];
  const lower = value['lower_bounds'] as readonly number[];
  const items = schema.fields?.[2]?.schema.items as Schema;
  const elements = (value['elements'] as readonly unknown[]).map((item) => element(items, item));
  if (dimensions.length === 0) return '{}';
  // Boxes are the only ones of these whose arrays are tried.
  const by = items.name === 'io.debezium.data.geometry.Geometry' ? ';' : ',';
  const nest = (from: number, to: number, level: number): string => {
    if (level === dimensions.length - 1) return arrayLiteral(elements.slice(from, to), by);
    const step = (to - from) / (dimensions[level] as number);
    return `{${Array.from({ length: dimensions[level] as number }, (_, at) => nest(from + at * step, from + (at + 1) * step, level + 1)).join(by)}}`;
  };
  const bounds = dimensions.map((length, level) => `[${lower[level]}:${(lower[level] as number) + length - 1}]`).join('');
  return `${bounds}=${nest(0, elements.length, 0)}`;
}

function rangeLiteral(schema: Schema, value: Readonly<Record<string, unknown>>): string {
  if (value['empty'] === true) return 'empty';
  const bound = (name: string): string => {
    const text = element(schema.fields?.[0]?.schema as Schema, value[name]);
    return text === null ? '' : quoted(text);
  };
  return `${value['lower_inclusive'] === true ? '[' : '('}${bound('lower')},${bound('upper')}${value['upper_inclusive'] === true ? ']' : ')'}`;
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

type Literal = (value: unknown, schema: Schema) => string;
type Parts = Readonly<Record<string, number | bigint | string | null>>;

const byName: Readonly<Record<string, Literal>> = {
  'org.apache.kafka.connect.data.Decimal': (value, schema) => scaled(unscaled(value as Buffer), Number(schema.parameters?.['scale'])),
  'io.debezium.data.VariableScaleDecimal': (value) => {
    const { scale, value: bytes } = value as { scale: number; value: Buffer };
    return scaled(unscaled(bytes), scale);
  },
  'io.debezium.data.Bits': (value, schema) => bitText(value as Buffer, Number(schema.parameters?.['length'])),
  'io.debezium.time.Date': (value) => dateText(BigInt(value as number)),
  'org.apache.kafka.connect.data.Date': (value) => dateText(BigInt(value as number)),
  'io.debezium.time.Time': (value) => clockText(BigInt(value as number) * 1000n),
  'org.apache.kafka.connect.data.Time': (value) => clockText(BigInt(value as number) * 1000n),
  'io.debezium.time.MicroTime': (value) => clockText(value as bigint),
  'io.debezium.time.NanoTime': (value) => clockText((value as bigint) / 1000n),
  'io.debezium.time.Timestamp': (value) => timestampText((value as bigint) * 1000n),
  'org.apache.kafka.connect.data.Timestamp': (value) => timestampText((value as bigint) * 1000n),
  'io.debezium.time.MicroTimestamp': (value) => timestampText(value as bigint),
  'io.debezium.time.NanoTimestamp': (value) => timestampText((value as bigint) / 1000n),
  'io.debezium.time.ZonedTimestamp': (value) => isoText(value as string),
  'io.debezium.time.IsoDate': (value) => isoText(value as string).replace('Z', ''),
  'io.debezium.time.IsoTime': (value) => (value as string).replace('Z', ''),
  'io.debezium.time.IsoTimestamp': (value) => isoText(value as string).replace('Z', ''),
  'io.debezium.time.StructuredDate': (value) => structured(value as Parts, (parts) => civilText(parts)),
  'io.debezium.time.StructuredTime': (value) => clockOf(value as Parts),
  'io.debezium.time.StructuredZonedTime': (value) => `${clockOf(value as Parts)}${offsetText(Number((value as Parts)['offsetSeconds']))}`,
  'io.debezium.time.StructuredTimestamp': (value) => structured(value as Parts, (parts) => civilText(parts, clockOf(parts))),
  'io.debezium.time.StructuredZonedTimestamp': (value) =>
    structured(value as Parts, (parts) => civilText(parts, `${clockOf(parts)}${offsetText(Number(parts['offsetSeconds']))}`)),
  'io.debezium.time.StructuredDuration': (value) => {
    const parts = value as Parts;
    const micros = (BigInt(parts['seconds'] ?? 0) * 1_000_000_000n + BigInt(parts['nanos'] ?? 0)) / 1000n;
    const units = ['years', 'months', 'days', 'hours', 'minutes'].map((unit) => `${parts[unit]} ${unit}`);
    return `${units.join(' ')} ${micros} microseconds`;
  },
  'io.debezium.data.geometry.Point': (value) => `(${(value as Parts)['x']},${(value as Parts)['y']})`,
  'io.debezium.data.geometry.Line': (value) => `{${(value as Parts)['a']},${(value as Parts)['b']},${(value as Parts)['c']}}`,
  'io.debezium.data.geometry.Circle': (value) => {
    const { center, radius } = value as { center: Parts; radius: number };
    return `<(${center['x']},${center['y']}),${radius}>`;
  },
  'io.debezium.data.geometry.Geometry': (value) => geometryText(value as { wkb: Buffer; extensions: Readonly<Record<string, string>> }),
};

function unscaled(bytes: Buffer): bigint {
  return bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`));
}

function scaled(value: bigint, scale: number): string {
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, digits.length - scale)}${scale === 0 ? '' : `.${digits.slice(-scale)}`}`;
}

function bitText(bytes: Buffer, length: number): string {
  const bits = [...bytes].toReversed().map((byte) => byte.toString(2).padStart(8, '0'));
  const text = bits.join('').replace(/^0+/, '');
  // Without a declared length nobody knows how many zeros stood in front.
  return length > 1_000_000 ? text : text.padStart(length, '0');
}

const dayMicros = 86_400_000_000n;

function floorDiv(value: bigint, by: bigint): bigint {
  return value >= 0n ? value / by : -((-value + by - 1n) / by);
}

/** Year, month and day of a count of days since 1970, by counting 400-year cycles (JavaScript's dates end too early). */
function dateText(days: bigint, clock = ''): string {
  const cycle = 146_097n;
  const cycles = floorDiv(days, cycle);
  const date = new Date(Number(days - cycles * cycle) * 86_400_000);
  const year = BigInt(date.getUTCFullYear()) + cycles * 400n;
  return civilText({ year, month: date.getUTCMonth() + 1, day: date.getUTCDate() }, clock);
}

function civilText({ year, month, day }: Parts, clock = ''): string {
  const number = BigInt(year ?? 0);
  const shown = number > 0n ? number : 1n - number;
  const date = `${String(shown).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
  return `${date}${clock === '' ? '' : ` ${clock}`}${number > 0n ? '' : ' BC'}`;
}

function clockText(micros: bigint): string {
  const seconds = micros / 1_000_000n;
  const parts = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map((part) => String(part).padStart(2, '0'));
  return `${parts.join(':')}.${String(micros % 1_000_000n).padStart(6, '0')}`;
}

function timestampText(micros: bigint): string {
  if (micros > 9_223_372_036_000_000_000n) return 'infinity';
  if (micros < -9_223_372_036_000_000_000n) return '-infinity';
  const days = floorDiv(micros, dayMicros);
  return dateText(days, clockText(micros - days * dayMicros));
}

/** ISO 8601 has years from 1 BC as zero and below. */
function isoText(text: string): string {
  const match = /^([+-]?\d+)-(\d\d)-(\d\d)(?:T(.*))?(Z)?$/.exec(text);
  if (match === null) return text;
  return civilText({ year: BigInt(match[1]?.replace('+', '') ?? 0), month: Number(match[2]), day: Number(match[3]) }, match[4] ?? '');
}

function structured(parts: Parts, finite: (parts: Parts) => string): string {
  if (parts['specialValue'] === null) return finite(parts);
  return parts['specialValue'] === 'POSITIVE_INFINITY' ? 'infinity' : '-infinity';
}

function clockOf(parts: Parts): string {
  const [hour, minute, second] = [parts['hour'], parts['minute'], parts['second']].map((part) => String(part).padStart(2, '0'));
  return `${hour}:${minute}:${second}.${String(parts['nanos']).padStart(9, '0').slice(0, 6)}`;
}

function offsetText(seconds: number): string {
  const absolute = Math.abs(seconds);
  const parts = [Math.floor(absolute / 3600), Math.floor(absolute / 60) % 60, absolute % 60].map((part) => String(part).padStart(2, '0'));
  return `${seconds < 0 ? '-' : '+'}${parts.join(':')}`;
}

function geometryText({ wkb, extensions }: { wkb: Buffer; extensions: Readonly<Record<string, string>> }): string {
  const isPolygon = wkb.readUInt32LE(1) === 3;
  const points: string[] = [];
  for (let at = isPolygon ? 13 : 9; at < wkb.length; at += 16) points.push(`(${wkb.readDoubleLE(at)},${wkb.readDoubleLE(at + 8)})`);
  const type = extensions['type'];
  if (type === 'box') return `${points[0]},${points[2]}`;
  if (type === 'polygon') return `(${(points.length > 1 ? points.slice(0, -1) : points).join(',')})`;
  return extensions['closed'] === 'true' ? `(${points.join(',')})` : `[${points.join(',')}]`;
}
