import { ConnectError } from '../../base/errors.ts';
import type { Change } from '../../record/change.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { RowSchema } from '../../record/row-schema.ts';
import type { Node } from '../../record/shape.ts';
import { epochNanosOf, floorDivide, momentKinds } from './moment-text.ts';
import { murmur3 } from './murmur3.ts';
import { rowReader } from './row-value.ts';

export type HashFunction = 'java' | 'murmur';

/** An int; null: the row has no value there. */
export type RowHash = (change: Change) => number | null;

/** From a value's text to `hashCode()` of the object that Kafka Connect has for it. */
type HashOfText = (text: string) => number;

/**
 * `Object.hashCode` of a field's value, or Debezium's MurmurHash3 of it: of a string's bytes, of any other value's hash code.
 * Throws `data.shape` for values whose Java object has no hash code that could be computed from their text.
 */
export function rowHash(node: Node, schema: RowSchema, how: HashFunction): RowHash {
  const hash = hashOfText(node, schema);
  // Columns are read as text: as numbers they would lose digits.
  const asText = { ...schema, columns: schema.columns.map((column) => ({ ...column, kind: ColumnKind.STRING })) };
  const read = rowReader(node, asText);
  const isString = node.schema.type === 'string';
  return (change) => {
    const value = read(change);
    if (value === null) return null;
    const text = String(value);
    if (how === 'java') return hash(text);
    return murmur3(isString ? Buffer.from(text, 'utf8') : intBytes(hash(text)));
  };
}

function hashOfText(node: Node, schema: RowSchema): HashOfText {
  const column = node.kind === 'column' ? schema.columns[node.column] : undefined;
  const kind = column?.kind;
  const { type, name } = node.schema;
  const isWhole = kind === undefined || kind === ColumnKind.INT || kind === ColumnKind.LONG;
  switch (type) {
    case 'string':
      if (isWhole || kind === ColumnKind.STRING) return hashOfString;
      break;
    case 'boolean':
      if (kind === undefined || kind === ColumnKind.BOOLEAN || kind === ColumnKind.BIT)
        return (text) => (/^(t|true|1)$/i.test(text) ? 1231 : 1237);
      break;
    case 'int8':
    case 'int16':
    case 'int32':
      if (isWhole) return (text) => Number(text) | 0;
      if (kind === ColumnKind.DATE_DAYS) return dayHash(name === 'org.apache.kafka.connect.data.Date');
      break;
    case 'int64':
      if (isWhole) return (text) => hashOfLong(BigInt(text));
      if (kind !== undefined && momentKinds.has(kind)) return momentHash(kind);
      break;
    case 'float32':
    case 'float64':
      if (isWhole || kind === ColumnKind.FLOAT32 || kind === ColumnKind.FLOAT64) return floatHash(type);
      break;
    case 'bytes':
      if (kind === ColumnKind.DECIMAL && column !== undefined) return decimalHash(column.scale);
      break;
    case 'array':
    case 'map':
    case 'struct':
      break;
  }
  throw new ConnectError('data.shape', `A partition cannot be computed from a ${name ?? type}.`, {
    remedy: 'Name columns of text, whole numbers, numbers, decimals, booleans, dates or timestamps in "partition.payload.fields".',
  });
}

function hashOfString(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) hash = (Math.imul(31, hash) + text.charCodeAt(at)) | 0;
  return hash;
}

function hashOfLong(value: bigint): number {
  const bits = BigInt.asUintN(64, value);
  return Number(BigInt.asIntN(32, bits ^ (bits >> 32n)));
}

/** Days as an int; Connect's own date is a `java.util.Date`. */
function dayHash(isConnectDate: boolean): HashOfText {
  return (text) => {
    const epochMs = floorDivide(epochNanosOf(`${text} 00:00:00`), 1_000_000n);
    return isConnectDate ? hashOfLong(epochMs) : Number(epochMs / 86_400_000n);
  };
}

/** As a long; a `java.util.Date` hashes its milliseconds alike. */
function momentHash(kind: ColumnKind): HashOfText {
  const unit = kind === ColumnKind.TIMESTAMP_MICROS ? 1000n : kind === ColumnKind.TIMESTAMP_NANOS ? 1n : 1_000_000n;
  return (text) => hashOfLong(floorDivide(epochNanosOf(text), unit));
}

function floatHash(type: 'float32' | 'float64'): HashOfText {
  const bytes = Buffer.alloc(8);
  return (text) => {
    if (type === 'float32') {
      bytes.writeFloatBE(Number(text));
      return bytes.readInt32BE(0);
    }
    bytes.writeDoubleBE(Number(text));
    return bytes.readInt32BE(0) ^ bytes.readInt32BE(4);
  };
}

/** `BigDecimal`: 31 times the hash of the unscaled value, plus the scale. */
function decimalHash(scale: number): HashOfText {
  return (text) => {
    const [, sign = '', whole = '', fraction = ''] = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text) ?? [];
    if (whole + fraction === '')
      throw new ConnectError('data.value', 'A partition is computed from a decimal that is no plain number.', {
        remedy: 'Correct the row, or name another column in "partition.payload.fields".',
      });
    let hash = 0;
    const unscaled = BigInt(whole + fraction.slice(0, scale).padEnd(scale, '0'));
    const words = Math.ceil(unscaled.toString(16).length / 8);
    for (let word = words - 1; word >= 0; word -= 1)
      hash = (Math.imul(31, hash) + Number(BigInt.asIntN(32, unscaled >> BigInt(32 * word)))) | 0;
    return (Math.imul(31, sign === '-' ? -hash : hash) + scale) | 0;
  };
}

function intBytes(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}
