import type { ByteSink } from '../base/byte-sink.ts';
import { unreachable } from '../base/assert.ts';
import { ConnectError } from '../base/errors.ts';
import { ColumnKind } from '../record/column-kind.ts';
import type { LiteralValue, Schema } from '../record/schema.ts';
import { nestingMax } from '../text/cell-format.ts';
import type { CellFormat } from '../text/cell-format.ts';
import { readCellBytes, readCellInt64 } from '../text/cell-reader.ts';
import type { ValueWriter } from '../text/row-program.ts';
import { nestedReaders } from '../text/text-array.ts';
import type { ArrayReader } from '../text/text-array.ts';
import { readBit } from '../text/text-bytes.ts';
import { readVariableScaleDecimal } from '../text/text-decimal.ts';
import { readMoneyDouble } from '../text/text-money.ts';
import { readBoolean, readFloat32, readFloat64, readInt } from '../text/text-number.ts';
import { Point } from '../text/text-point.ts';
import { readDateDays, readTimeMillis } from '../text/text-time.ts';
import { valueError } from '../text/value-error.ts';
import { ByteRegister, Int64 } from '../text/value-register.ts';
import { hasDefault } from './avro-schema.ts';

const int64 = new Int64();
const scratch = new ByteRegister();
const readers = nestedReaders();
const rewritten = Array.from({ length: nestingMax }, () => new ByteRegister());
const point = new Point();

/** Avro's binary encoding. Records have no frame and fields no names, so structure writes nothing. */
export const avroValueWriter: ValueWriter = {
  cell: writeCell,

  int64(out, high, low) {
    out.long(high, low);
  },

  text: writeBytes,
  bytes: writeBytes,

  literal: writeLiteral,

  /** Optional values are unions of two; which branch is null depends on the default. */
  presentByte(schema) {
    return hasDefault(schema) ? 0 : 2;
  },

  null(out, schema) {
    out.byte(hasDefault(schema) ? 2 : 0);
  },

  startStruct() {},
  startField() {},
  endStruct() {},
};

function writeBytes(out: ByteSink, bytes: Uint8Array, start: number, end: number): void {
  out.int(end - start);
  out.copy(bytes, start, end);
}

function writeCell(out: ByteSink, format: CellFormat, bytes: Uint8Array, start: number, end: number): void {
  const kind: number = format.kind;
  switch (kind) {
    case ColumnKind.INT:
      out.int(readInt(bytes, start, end, format.min, format.max));
      return;
    case ColumnKind.STRING:
      writeBytes(out, bytes, start, end);
      return;
    case ColumnKind.FLOAT64:
      out.float64(readFloat64(bytes, start, end));
      return;
    case ColumnKind.MONEY_DOUBLE:
      out.float64(readMoneyDouble(bytes, start, end));
      return;
    case ColumnKind.FLOAT32:
      out.float32(readFloat32(bytes, start, end));
      return;
    case ColumnKind.BOOLEAN:
      out.byte(readBoolean(bytes, start, end) ? 1 : 0);
      return;
    case ColumnKind.BIT:
      out.byte(readBit(bytes, start, end) ? 1 : 0);
      return;
    case ColumnKind.ARRAY:
      writeArray(out, format, bytes, start, end);
      return;
    case ColumnKind.MAP:
      writeMap(out, format, bytes, start, end);
      return;
    case ColumnKind.STRUCT:
      writeStruct(out, format, bytes, start, end);
      return;
    case ColumnKind.POINT:
      writePoint(out, bytes, start, end);
      return;
    case ColumnKind.REWRITTEN: {
      const text = rewritten[format.depth ?? 0]!;
      format.rewrite!(bytes, start, end, text);
      writeCell(out, format.element!, text.bytes, 0, text.length);
      return;
    }
    case ColumnKind.VARIABLE_SCALE_DECIMAL:
      out.int(readVariableScaleDecimal(bytes, start, end, scratch));
      writeScratch(out);
      return;
    case ColumnKind.DATE_DAYS:
      out.int(readDateDays(bytes, start, end));
      return;
    case ColumnKind.TIME_MILLIS:
      out.int(readTimeMillis(bytes, start, end, format.scale));
      return;
    case ColumnKind.LONG:
    case ColumnKind.TIME_MICROS:
    case ColumnKind.TIMESTAMP_MILLIS:
    case ColumnKind.TIMESTAMP_MICROS:
    case ColumnKind.INTERVAL_MICROS:
    case ColumnKind.TIME_NANOS:
    case ColumnKind.TIMESTAMP_NANOS:
      readCellInt64(format, bytes, start, end, int64);
      out.long(int64.high, int64.low);
      return;
    default:
      // Every other kind is bytes or text.
      readCellBytes(format, bytes, start, end, scratch);
      writeScratch(out);
  }
}

function writeScratch(out: ByteSink): void {
  writeBytes(out, scratch.bytes, 0, scratch.length);
}

/** One block with all elements, then the empty block that ends every array. */
function writeArray(out: ByteSink, format: CellFormat, bytes: Uint8Array, start: number, end: number): void {
  const elements = readers[format.depth ?? 0]!;
  elements.read(bytes, start, end);
  if (elements.count > 0) out.int(elements.count);
  for (let index = 0; index < elements.count; index += 1) writeElement(out, format.element!, elements, index);
  out.byte(0);
}

/** The same with a key in front of every value. */
function writeMap(out: ByteSink, format: CellFormat, bytes: Uint8Array, start: number, end: number): void {
  const entries = readers[format.depth ?? 0]!;
  entries.readPairs(bytes, start, end);
  if (entries.count > 0) out.int(entries.count / 2);
  for (let index = 0; index < entries.count; index += 2) {
    if (format.keys === undefined) {
      out.int((entries.end[index] as number) - (entries.start[index] as number));
      out.copy(entries.bytes, entries.start[index] as number, entries.end[index] as number);
    } else {
      // Keys that are not text: the map is an array of records, whose bytes are laid out alike.
      writeCell(out, format.keys, entries.bytes, entries.start[index] as number, entries.end[index] as number);
    }
    writeElement(out, format.element!, entries, index + 1);
  }
  out.byte(0);
}

function writeStruct(out: ByteSink, format: CellFormat, bytes: Uint8Array, start: number, end: number): void {
  const values = readers[format.depth ?? 0]!;
  const fields = format.fields!;
  values.readFields(bytes, start, end, fields.length);
  for (let index = 0; index < fields.length; index += 1) writeElement(out, fields[index]!, values, index);
}

function writeElement(out: ByteSink, element: CellFormat, elements: ArrayReader, index: number): void {
  const { optional } = element.schema;
  if (elements.isNull[index] === 1) {
    if (!optional) throw valueError('a null element where elements may not be null');
    out.byte(hasDefault(element.schema) ? 2 : 0);
    return;
  }
  if (optional) out.byte(hasDefault(element.schema) ? 0 : 2);
  writeCell(out, element, elements.bytes, elements.start[index] as number, elements.end[index] as number);
}

/** x, y, then the optional wkb and srid; Debezium fills the first and leaves the second null. */
function writePoint(out: ByteSink, bytes: Uint8Array, start: number, end: number): void {
  point.read(bytes, start, end);
  out.float64(point.x);
  out.float64(point.y);
  out.byte(2);
  out.int(point.wkb.length);
  out.copy(point.wkb, 0, point.wkb.length);
  out.byte(0);
}

/** Constants and neutral values, optional or not: the caller has written what marks them as present. */
function writeLiteral(out: ByteSink, schema: Schema, value: LiteralValue): void {
  switch (schema.type) {
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
      if (typeof value !== 'number' && typeof value !== 'bigint') throw misfit(schema);
      if (typeof value === 'number' && !Number.isSafeInteger(value)) throw misfit(schema);
      int64.setBigInt(BigInt(value));
      out.long(int64.high, int64.low);
      return;
    case 'float32':
    case 'float64':
      if (typeof value !== 'number') throw misfit(schema);
      if (schema.type === 'float32') out.float32(value);
      else out.float64(value);
      return;
    case 'boolean':
      if (typeof value !== 'boolean') throw misfit(schema);
      out.byte(value ? 1 : 0);
      return;
    case 'string':
    case 'bytes': {
      if (schema.type === 'string' ? typeof value !== 'string' : !(value instanceof Uint8Array)) throw misfit(schema);
      const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : (value as Uint8Array);
      out.int(bytes.length);
      out.copy(bytes, 0, bytes.length);
      return;
    }
    case 'array':
    case 'map':
      if (value !== '') throw misfit(schema);
      out.byte(0);
      return;
    case 'struct':
      throw misfit(schema);
    default:
      unreachable(schema.type);
  }
}

function misfit(schema: Schema): ConnectError {
  return new ConnectError('data.shape', `A constant does not fit its schema type ${schema.type}.`);
}
