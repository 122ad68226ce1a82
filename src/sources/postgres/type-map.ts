import { ColumnKind } from '../../record/column-kind.ts';
import type { CellRewrite } from '../../record/cell-rewrite.ts';
import type { Field, Schema } from '../../record/schema.ts';
import { extensionType } from './extension-type.ts';
import type { TypeSettings } from './settings.ts';
import type { TypeCatalog, TypeInfo } from './type-catalog.ts';

/** How a Postgres type is read and what it becomes; whether a column is optional or has a default is not decided here. */
export interface MappedType {
  readonly kind: ColumnKind;
  readonly schema: Schema;
  /** As `Column.scale`. */
  readonly scale: number;
  readonly element?: MappedType | undefined;
  /** Structs that are read field by field: in the order of the schema. */
  readonly fields?: readonly MappedType[] | undefined;
  /** Kind REWRITTEN: `element` reads what comes of it. */
  readonly rewrite?: CellRewrite | undefined;
  /** What the type is underneath its domains. */
  readonly typeOid: number;
}

export interface TypeMapOptions {
  readonly types: TypeCatalog;
  readonly settings: TypeSettings;
  /** `debezium`: a type that Debezium leaves out is null; `millrace`: it is text. */
  readonly dialect: 'debezium' | 'millrace';
}

const plain: Readonly<Record<number, readonly [ColumnKind, Schema['type'], semanticName?: string]>> = {
  16: [ColumnKind.BOOLEAN, 'boolean'],
  18: [ColumnKind.STRING, 'string'],
  19: [ColumnKind.STRING, 'string'],
  20: [ColumnKind.LONG, 'int64'],
  21: [ColumnKind.INT, 'int16'],
  23: [ColumnKind.INT, 'int32'],
  25: [ColumnKind.STRING, 'string'],
  26: [ColumnKind.LONG, 'int64'],
  114: [ColumnKind.STRING, 'string', 'io.debezium.data.Json'],
  142: [ColumnKind.STRING, 'string', 'io.debezium.data.Xml'],
  650: [ColumnKind.STRING, 'string'],
  700: [ColumnKind.FLOAT32, 'float32'],
  701: [ColumnKind.FLOAT64, 'float64'],
  774: [ColumnKind.STRING, 'string'],
  829: [ColumnKind.STRING, 'string'],
  869: [ColumnKind.STRING, 'string'],
  1042: [ColumnKind.STRING, 'string'],
  1043: [ColumnKind.STRING, 'string'],
  2950: [ColumnKind.STRING, 'string', 'io.debezium.data.Uuid'],
  3614: [ColumnKind.STRING, 'string', 'io.debezium.data.Tsvector'],
  3802: [ColumnKind.STRING, 'string', 'io.debezium.data.Json'],
};

/** Types of extensions go by name, as their oids differ from database to database. */
const byName: Readonly<Record<string, readonly [ColumnKind, Schema['type'], semanticName?: string]>> = {
  citext: [ColumnKind.STRING, 'string'],
  ltree: [ColumnKind.STRING, 'string', 'io.debezium.data.Ltree'],
  isbn: [ColumnKind.STRING, 'string'],
  isbn13: [ColumnKind.STRING, 'string'],
  ean13: [ColumnKind.STRING, 'string'],
  ismn: [ColumnKind.STRING, 'string'],
  ismn13: [ColumnKind.STRING, 'string'],
  issn: [ColumnKind.STRING, 'string'],
  issn13: [ColumnKind.STRING, 'string'],
  upc: [ColumnKind.STRING, 'string'],
};

/** The declared length of a `bit varying` without one. */
const unboundedLength = 2_147_483_647;

/** Null: the column is left out. Throws `data.shape` where a type or mode is not supported. */
export function mapType(typeOid: number, typmod: number, options: TypeMapOptions): MappedType | null {
  const known = plain[typeOid];
  if (known !== undefined) return { kind: known[0], schema: bare(known[1], known[2]), scale: -1, typeOid };
  const parametric = mapParametric(typeOid, typmod, options.settings);
  if (parametric !== null) return parametric;
  const type = options.types.get(typeOid);
  if (type === null) return unknown(typeOid, options);
  if (type.kind === 'domain') return mapType(type.baseOid, type.baseTypmod >= 0 ? type.baseTypmod : typmod, options);
  if (type.elementOid !== 0) return mapArray(typeOid, type.elementOid, typmod, options);
  return mapByCatalog(type, options);
}

function mapByCatalog(type: TypeInfo, options: TypeMapOptions): MappedType | null {
  if (type.kind === 'enum') {
    return {
      kind: ColumnKind.STRING,
      schema: bare('string', 'io.debezium.data.Enum', { allowed: type.labels.join(',') }),
      scale: -1,
      typeOid: type.oid,
    };
  }
  if (type.kind === 'range') return { kind: ColumnKind.STRING, schema: bare('string'), scale: -1, typeOid: type.oid };
  if (type.kind === 'base' && type.name === 'hstore') return mapHstore(type.oid, options.settings);
  const named = type.kind === 'base' && type.schema !== 'pg_catalog' ? byName[type.name] : undefined;
  if (named !== undefined) return { kind: named[0], schema: bare(named[1], named[2]), scale: -1, typeOid: type.oid };
  const extension = type.kind === 'base' && type.schema !== 'pg_catalog' ? extensionType(type.name, type.oid) : null;
  if (extension !== null) return extension;
  return unknown(type.oid, options);
}

function mapHstore(typeOid: number, { hstore }: TypeSettings): MappedType {
  if (hstore === 'json') return { kind: ColumnKind.HSTORE_JSON, schema: bare('string', 'io.debezium.data.Json'), scale: -1, typeOid };
  const value: MappedType = { kind: ColumnKind.STRING, schema: { type: 'string', optional: true }, scale: -1, typeOid: 25 };
  const schema: Schema = { type: 'map', optional: false, keys: { type: 'string', optional: false }, items: value.schema };
  const element: MappedType = { kind: ColumnKind.MAP, schema, scale: -1, element: value, typeOid };
  return { kind: ColumnKind.REWRITTEN, schema, scale: -1, element, rewrite: { kind: 'hstore' }, typeOid };
}

/** A type without a form of its own: text, or the bytes of the text. */
function unknown(typeOid: number, options: TypeMapOptions): MappedType | null {
  if (options.settings.unknownTypes) {
    const element = { ...bytesType(options.settings), typeOid };
    return { kind: ColumnKind.REWRITTEN, schema: element.schema, scale: -1, element, rewrite: { kind: 'bytes' }, typeOid };
  }
  return options.dialect === 'debezium' ? null : { kind: ColumnKind.STRING, schema: bare('string'), scale: -1, typeOid };
}

function mapArray(typeOid: number, elementOid: number, typmod: number, options: TypeMapOptions): MappedType | null {
  const element = mapType(elementOid, typmod, options);
  if (element === null) return null;
  const items: Schema = { ...element.schema, optional: true };
  const schema: Schema = { type: 'array', optional: false, items };
  const array: MappedType = { kind: ColumnKind.ARRAY, schema, scale: -1, element: { ...element, schema: items }, typeOid };
  const rewrite = arrayRewrite(typeOid, elementOid, options.types);
  return rewrite === null ? array : { kind: ColumnKind.REWRITTEN, schema, scale: -1, element: array, rewrite, typeOid };
}

/** Arrays that are not printed like others. */
function arrayRewrite(typeOid: number, elementOid: number, types: TypeCatalog): CellRewrite | null {
  // int2vector and oidvector
  if (typeOid === 22 || typeOid === 30) return { kind: 'spaced' };
  if (elementOid === 603) return { kind: 'delimited', by: ';' };
  return geometryTypes.has(types.get(elementOid)?.name ?? '') ? { kind: 'delimited', by: ':' } : null;
}

const geometryTypes: ReadonlySet<string> = new Set(['geometry', 'geography']);

/** Types whose form depends on their modifier or on the modes. */
function mapParametric(typeOid: number, typmod: number, settings: TypeSettings): MappedType | null {
  switch (typeOid) {
    case 17:
      return bytesType(settings);
    case 600:
      return { kind: ColumnKind.POINT, schema: pointSchema, scale: -1, typeOid };
    case 790:
      return mapMoney(settings);
    case 1082:
      return mapDate(settings);
    case 1083:
      return mapTime(typmod, settings);
    case 1114:
      return mapTimestamp(typmod, settings);
    case 1184:
      return {
        kind: ColumnKind.ZONED_TIMESTAMP,
        schema: bare('string', 'io.debezium.time.ZonedTimestamp'),
        scale: typmod < 0 ? 6 : typmod,
        typeOid,
      };
    case 1186:
      return settings.intervals === 'string'
        ? { kind: ColumnKind.INTERVAL_ISO, schema: bare('string', 'io.debezium.time.Interval'), scale: -1, typeOid }
        : { kind: ColumnKind.INTERVAL_MICROS, schema: bare('int64', 'io.debezium.time.MicroDuration'), scale: -1, typeOid };
    case 1266:
      return { kind: ColumnKind.ZONED_TIME, schema: bare('string', 'io.debezium.time.ZonedTime'), scale: -1, typeOid };
    case 1560:
    case 1562:
      return mapBits(typeOid, typmod);
    case 1700:
      return mapNumeric(typmod, settings);
    default:
      return null;
  }
}

const connectDate = 'org.apache.kafka.connect.data.Date';
const connectTime = 'org.apache.kafka.connect.data.Time';
const connectTimestamp = 'org.apache.kafka.connect.data.Timestamp';
const decimalName = 'org.apache.kafka.connect.data.Decimal';

function mapDate(settings: TypeSettings): MappedType {
  const typeOid = 1082;
  if (settings.timePrecision === 'isostring') {
    return { kind: ColumnKind.ISO_DATE, schema: bare('string', 'io.debezium.time.IsoDate'), scale: -1, typeOid };
  }
  const name = settings.timePrecision === 'connect' ? connectDate : 'io.debezium.time.Date';
  return { kind: ColumnKind.DATE_DAYS, schema: bare('int32', name), scale: -1, typeOid };
}

function mapTime(typmod: number, settings: TypeSettings): MappedType {
  const digits = typmod < 0 ? 6 : typmod;
  if (settings.timePrecision === 'connect') {
    return { kind: ColumnKind.TIME_MILLIS, schema: bare('int32', connectTime), scale: digits, typeOid: 1083 };
  }
  if (settings.timePrecision === 'isostring') {
    return { kind: ColumnKind.ISO_TIME, schema: bare('string', 'io.debezium.time.IsoTime'), scale: -1, typeOid: 1083 };
  }
  if (settings.timePrecision === 'nanoseconds') {
    return { kind: ColumnKind.TIME_NANOS, schema: bare('int64', 'io.debezium.time.NanoTime'), scale: digits, typeOid: 1083 };
  }
  if (settings.timePrecision === 'adaptive' && digits <= 3) {
    return { kind: ColumnKind.TIME_MILLIS, schema: bare('int32', 'io.debezium.time.Time'), scale: digits, typeOid: 1083 };
  }
  return { kind: ColumnKind.TIME_MICROS, schema: bare('int64', 'io.debezium.time.MicroTime'), scale: digits, typeOid: 1083 };
}

function mapTimestamp(typmod: number, settings: TypeSettings): MappedType {
  const digits = typmod < 0 ? 6 : typmod;
  if (settings.timePrecision === 'isostring') {
    return { kind: ColumnKind.ISO_TIMESTAMP, schema: bare('string', 'io.debezium.time.IsoTimestamp'), scale: -1, typeOid: 1114 };
  }
  if (settings.timePrecision === 'nanoseconds') {
    return { kind: ColumnKind.TIMESTAMP_NANOS, schema: bare('int64', 'io.debezium.time.NanoTimestamp'), scale: digits, typeOid: 1114 };
  }
  if (settings.timePrecision === 'connect') {
    return { kind: ColumnKind.TIMESTAMP_MILLIS, schema: bare('int64', connectTimestamp), scale: digits, typeOid: 1114 };
  }
  if (settings.timePrecision !== 'microseconds' && digits <= 3) {
    return { kind: ColumnKind.TIMESTAMP_MILLIS, schema: bare('int64', 'io.debezium.time.Timestamp'), scale: digits, typeOid: 1114 };
  }
  return { kind: ColumnKind.TIMESTAMP_MICROS, schema: bare('int64', 'io.debezium.time.MicroTimestamp'), scale: digits, typeOid: 1114 };
}

const byteKinds = {
  bytes: ColumnKind.BYTES_HEX,
  base64: ColumnKind.BYTES_BASE64,
  'base64-url-safe': ColumnKind.BYTES_BASE64_URL,
  hex: ColumnKind.BYTES_HEX_TEXT,
} as const;

export function bytesType({ binary }: TypeSettings): MappedType {
  return { kind: byteKinds[binary], schema: bare(binary === 'bytes' ? 'bytes' : 'string'), scale: -1, typeOid: 17 };
}

function mapBits(typeOid: number, typmod: number): MappedType {
  const length = typmod < 0 ? (typeOid === 1560 ? 1 : unboundedLength) : typmod;
  if (length === 1) return { kind: ColumnKind.BIT, schema: bare('boolean'), scale: -1, typeOid };
  return { kind: ColumnKind.BITS, schema: bare('bytes', 'io.debezium.data.Bits', { length: String(length) }), scale: -1, typeOid };
}

function mapNumeric(typmod: number, settings: TypeSettings): MappedType {
  const typeOid = 1700;
  if (settings.decimals === 'double') return { kind: ColumnKind.FLOAT64, schema: bare('float64'), scale: -1, typeOid };
  const { precision, scale } = numericModifier(typmod);
  if (settings.decimals === 'string') return { kind: ColumnKind.DECIMAL_STRING, schema: bare('string'), scale, typeOid };
  if (precision < 0) return { kind: ColumnKind.VARIABLE_SCALE_DECIMAL, schema: variableScaleSchema, scale: -1, typeOid };
  const parameters = { scale: String(scale), 'connect.decimal.precision': String(precision) };
  return { kind: ColumnKind.DECIMAL, schema: bare('bytes', decimalName, parameters), scale, typeOid };
}

/** -1, -1 where the column has none. A negative scale is written out as zeros: numeric(5,-2) holds seven-digit integers. */
export function numericModifier(typmod: number): { readonly precision: number; readonly scale: number } {
  if (typmod < 4) return { precision: -1, scale: -1 };
  const precision = ((typmod - 4) >> 16) & 0xffff;
  const scale = (((typmod - 4) & 0x7ff) ^ 1024) - 1024;
  return scale < 0 ? { precision: precision - scale, scale: 0 } : { precision, scale };
}

function mapMoney(settings: TypeSettings): MappedType {
  const scale = settings.moneyFractionDigits;
  if (settings.decimals === 'string') return { kind: ColumnKind.MONEY_STRING, schema: bare('string'), scale, typeOid: 790 };
  if (settings.decimals === 'double') return { kind: ColumnKind.MONEY_DOUBLE, schema: bare('float64'), scale: -1, typeOid: 790 };
  return { kind: ColumnKind.MONEY, schema: bare('bytes', decimalName, { scale: String(scale) }), scale, typeOid: 790 };
}

function bare(type: Schema['type'], name?: string, parameters?: Readonly<Record<string, string>>): Schema {
  if (name === undefined) return { type, optional: false };
  return parameters === undefined ? { type, optional: false, name, version: 1 } : { type, optional: false, name, version: 1, parameters };
}

const pointSchema: Schema = {
  type: 'struct',
  optional: false,
  name: 'io.debezium.data.geometry.Point',
  version: 1,
  doc: 'Geometry (POINT)',
  fields: [
    field('x', { type: 'float64', optional: false }),
    field('y', { type: 'float64', optional: false }),
    field('wkb', { type: 'bytes', optional: true }),
    field('srid', { type: 'int32', optional: true }),
  ],
};

const variableScaleSchema: Schema = {
  type: 'struct',
  optional: false,
  name: 'io.debezium.data.VariableScaleDecimal',
  version: 1,
  doc: 'Variable scaled decimal',
  fields: [field('scale', { type: 'int32', optional: false }), field('value', { type: 'bytes', optional: false })],
};

function field(name: string, schema: Schema): Field {
  return { name, schema };
}
