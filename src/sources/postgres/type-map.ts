import { ColumnKind } from '../../record/column-kind.ts';
import type { CellRewrite } from '../../record/cell-rewrite.ts';
import type { Field, Schema } from '../../record/schema.ts';
import { arrayStruct, arrayType, isVector } from './array-type.ts';
import { compositeType } from './composite-type.ts';
import { extensionType } from './extension-type.ts';
import { geometricType, pointSchema } from './geometric-type.ts';
import { numericModifier } from './numeric-modifier.ts';
import { multirangeArray, rangeStruct } from './range-type.ts';
import type { TypeSettings } from './settings.ts';
import { structuredType } from './structured-type.ts';
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
  /** Structs: stands for a value that is not there although the column is NOT NULL, in the form that the kind reads. */
  readonly neutral?: string | undefined;
}

/** How the parts of a type are mapped. */
export type MapElement = (typeOid: number, typmod: number) => MappedType | null;

/** Names of what a type brings into a schema. */
export interface RecordNames {
  /** Of the struct that a type becomes. */
  readonly record: (schema: string, type: string) => string;
  readonly field: (name: string) => string;
}

export interface TypeMapOptions {
  readonly types: TypeCatalog;
  readonly settings: TypeSettings;
  /** `debezium`: a type that Debezium leaves out is null; `millrace`: it is text. */
  readonly dialect: 'debezium' | 'millrace';
  readonly arrays: TypeSettings['arrays'];
  readonly names: RecordNames;
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

/** Types of extensions go by name, in whatever schema (some are put into pg_catalog), as their oids differ from database to database. */
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
  const geometric = options.settings.geometrics === 'struct' ? geometricType(typeOid) : null;
  if (geometric !== null) return geometric;
  const known = plain[typeOid];
  if (known !== undefined) return { kind: known[0], schema: bare(known[1], known[2]), scale: -1, typeOid };
  const parametric = mapParametric(typeOid, typmod, options.settings);
  if (parametric !== null) return parametric;
  const type = options.types.get(typeOid);
  if (type === null) return unknown(typeOid, options);
  if (type.kind === 'domain') return mapType(type.baseOid, type.baseTypmod >= 0 ? type.baseTypmod : typmod, options);
  if (type.elementOid !== 0) return mapArray(type, typmod, options);
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
  const composed = mapComposed(type, options);
  if (composed !== null) return composed;
  if (type.kind === 'base' && type.name === 'hstore') return mapHstore(type.oid, options.settings);
  const named = type.kind === 'base' ? byName[type.name] : undefined;
  if (named !== undefined) return { kind: named[0], schema: bare(named[1], named[2]), scale: -1, typeOid: type.oid };
  const extension = type.kind === 'base' ? extensionType(type.name, type.oid, options.settings.geometrics) : null;
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

function mapArray(type: TypeInfo, typmod: number, options: TypeMapOptions): MappedType | null {
  const mode = isVector(type.oid) ? 'array' : options.arrays;
  if (mode === 'text') return { kind: ColumnKind.STRING, schema: bare('string'), scale: -1, typeOid: type.oid };
  const element = mapType(type.elementOid, typmod, options);
  if (element === null) return null;
  return mode === 'struct' ? arrayStruct(type, typmod, element, options.types, options.names) : arrayType(type, element, options.types);
}

/** Null: as a type without a form of its own. */
function mapComposed(type: TypeInfo, options: TypeMapOptions): MappedType | null {
  const { composites, ranges } = options.settings;
  const map = (oid: number, typmod: number): MappedType | null => mapType(oid, typmod, options);
  if (type.kind === 'composite') return composites === 'struct' ? compositeType(type, map, options.names) : null;
  if (type.kind === 'range' && ranges === 'struct') return rangeStruct(type, map, options.names);
  if (type.kind === 'range') return { kind: ColumnKind.STRING, schema: bare('string'), scale: -1, typeOid: type.oid };
  if (type.kind !== 'multirange' || ranges !== 'struct') return null;
  const range = map(type.rangeOf, -1);
  return range === null ? null : multirangeArray(type.oid, range);
}

/** Types whose form depends on their modifier or on the modes. */
function mapParametric(typeOid: number, typmod: number, settings: TypeSettings): MappedType | null {
  const structured = settings.timePrecision === 'structured' ? structuredType(typeOid, typmod) : null;
  if (structured !== null) return structured;
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
