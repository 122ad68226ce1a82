import type { ByteSink } from '../base/byte-sink.ts';
import { ColumnKind } from '../record/column-kind.ts';
import type { LiteralValue, Schema } from '../record/schema.ts';
import { nestingMax } from '../text/cell-format.ts';
import type { CellFormat } from '../text/cell-format.ts';
import { readCellBytes, readCellInt64 } from '../text/cell-reader.ts';
import { writeInt64 } from '../text/integer-text.ts';
import { javaDouble, javaFloat } from '../base/java-number.ts';
import type { ValueWriter } from '../text/row-program.ts';
import { nestedReaders } from '../text/text-array.ts';
import type { ArrayReader } from '../text/text-array.ts';
import { readBit } from '../text/text-bytes.ts';
import { readVariableScaleDecimal, writeDecimalText } from '../text/text-decimal.ts';
import { readMoneyDouble } from '../text/text-money.ts';
import { readBoolean, readFloat32, readFloat64, readInt } from '../text/text-number.ts';
import { Point } from '../text/text-point.ts';
import { readDateDays, readTimeMillis } from '../text/text-time.ts';
import { ByteRegister, Int64 } from '../text/value-register.ts';
import { writeBase64 } from './json-bytes.ts';
import { isDecimal, scaleOf } from './json-schema.ts';
import { writeText } from './json-value-writer.ts';

const int64 = new Int64();
const scratch = new ByteRegister();
const readers = nestedReaders();
const rewritten = Array.from({ length: nestingMax }, () => new ByteRegister());
const point = new Point();

/** No byte of UTF-8: marks a null until the encoder decides what becomes of it. */
export const nullMark = 0xff;

/**
 * Values as Java's `toString` shows them: text as it is, decimals in plain notation, bytes as base64 (Java shows an
 * object address). Structs are put together by the string converter.
 */
export const plainValueWriter: ValueWriter = {
  cell: writeCell,

  int64(out, high, low) {
    writeInt64(out, high, low);
  },

  text(out, bytes, start, end) {
    out.copy(bytes, start, end);
  },

  bytes(out, bytes, start, end) {
    writeBase64(out, bytes, start, end);
  },

  literal(out, schema, value) {
    writeText(out, plainLiteral(schema, value));
  },

  presentByte: () => -1,

  null(out) {
    out.byte(nullMark);
  },

  startStruct() {},
  startField() {},
  endStruct() {},
};

function plainLiteral(schema: Schema, value: LiteralValue): string {
  if (schema.type === 'array') return '[]';
  if (schema.type === 'map') return '{}';
  if (value instanceof Uint8Array)
    return isDecimal(schema) ? writeDecimalText(value, scaleOf(schema)) : Buffer.from(value).toString('base64');
  if (typeof value === 'number' && schema.type === 'float32') return javaFloat(value);
  if (typeof value === 'number' && schema.type === 'float64') return javaDouble(value);
  return String(value);
}

function writeCell(out: ByteSink, format: CellFormat, bytes: Uint8Array, start: number, end: number): void {
  const kind: number = format.kind;
  switch (kind) {
    case ColumnKind.STRING:
      return out.copy(bytes, start, end);
    case ColumnKind.INT:
      return writeInteger(out, readInt(bytes, start, end, format.min, format.max));
    case ColumnKind.DATE_DAYS:
      return writeInteger(out, readDateDays(bytes, start, end));
    case ColumnKind.TIME_MILLIS:
      return writeInteger(out, readTimeMillis(bytes, start, end, format.scale));
    case ColumnKind.LONG:
    case ColumnKind.TIME_MICROS:
    case ColumnKind.TIMESTAMP_MILLIS:
    case ColumnKind.TIMESTAMP_MICROS:
    case ColumnKind.INTERVAL_MICROS:
    case ColumnKind.TIME_NANOS:
    case ColumnKind.TIMESTAMP_NANOS:
      readCellInt64(format, bytes, start, end, int64);
      return writeInt64(out, int64.high, int64.low);
    case ColumnKind.FLOAT32:
      return out.ascii(javaFloat(readFloat32(bytes, start, end)));
    case ColumnKind.FLOAT64:
      return out.ascii(javaDouble(readFloat64(bytes, start, end)));
    case ColumnKind.MONEY_DOUBLE:
      return out.ascii(javaDouble(readMoneyDouble(bytes, start, end)));
    case ColumnKind.BOOLEAN:
      return out.ascii(String(readBoolean(bytes, start, end)));
    case ColumnKind.BIT:
      return out.ascii(String(readBit(bytes, start, end)));
    case ColumnKind.ARRAY:
      return writeArray(out, format, bytes, start, end);
    case ColumnKind.MAP:
      return writeMap(out, format, bytes, start, end);
    case ColumnKind.STRUCT:
      return writeStruct(out, format, bytes, start, end);
    case ColumnKind.REWRITTEN: {
      const text = rewritten[format.depth ?? 0]!;
      format.rewrite!(bytes, start, end, text);
      return writeCell(out, format.element!, text.bytes, 0, text.length);
    }
    case ColumnKind.VARIABLE_SCALE_DECIMAL:
      out.ascii(`Struct{scale=${readVariableScaleDecimal(bytes, start, end, scratch)},value=`);
      writeBase64(out, scratch.bytes, 0, scratch.length);
      return out.byte(0x7d);
    case ColumnKind.POINT:
      point.read(bytes, start, end);
      out.ascii(`Struct{x=${javaDouble(point.x)},y=${javaDouble(point.y)},wkb=`);
      writeBase64(out, point.wkb, 0, point.wkb.length);
      return out.byte(0x7d);
    case ColumnKind.DECIMAL:
    case ColumnKind.MONEY:
      readCellBytes(format, bytes, start, end, scratch);
      return out.ascii(writeDecimalText(scratch.bytes.subarray(0, scratch.length), format.scale));
    case ColumnKind.BYTES_HEX:
    case ColumnKind.BITS:
      readCellBytes(format, bytes, start, end, scratch);
      return writeBase64(out, scratch.bytes, 0, scratch.length);
    default:
      readCellBytes(format, bytes, start, end, scratch);
      return out.copy(scratch.bytes, 0, scratch.length);
  }
}

function writeInteger(out: ByteSink, value: number): void {
  writeInt64(out, value >> 31, value);
}

/** `[a, b, null]`, as Java lists print. */
function writeArray(out: ByteSink, format: CellFormat, bytes: Uint8Array, start: number, end: number): void {
  const elements = readers[format.depth ?? 0]!;
  elements.read(bytes, start, end);
  out.byte(0x5b);
  for (let index = 0; index < elements.count; index += 1) {
    if (index > 0) out.ascii(', ');
    writeElement(out, format.element!, elements, index);
  }
  out.byte(0x5d);
}

/** `{a=1, b=null}`, as Java maps print. */
function writeMap(out: ByteSink, format: CellFormat, bytes: Uint8Array, start: number, end: number): void {
  const entries = readers[format.depth ?? 0]!;
  entries.readPairs(bytes, start, end);
  out.byte(0x7b);
  for (let index = 0; index < entries.count; index += 2) {
    if (index > 0) out.ascii(', ');
    out.copy(entries.bytes, entries.start[index] as number, entries.end[index] as number);
    out.byte(0x3d);
    writeElement(out, format.element!, entries, index + 1);
  }
  out.byte(0x7d);
}

/** Without its null fields, as Connect's structs print. */
function writeStruct(out: ByteSink, format: CellFormat, bytes: Uint8Array, start: number, end: number): void {
  const values = readers[format.depth ?? 0]!;
  const fields = format.fields!;
  values.readFields(bytes, start, end, fields.length);
  out.ascii('Struct{');
  let written = 0;
  for (let index = 0; index < fields.length; index += 1) {
    if (values.isNull[index] === 1) continue;
    writeText(out, `${written > 0 ? ',' : ''}${format.schema.fields![index]!.name}=`);
    writeElement(out, fields[index]!, values, index);
    written += 1;
  }
  out.byte(0x7d);
}

function writeElement(out: ByteSink, element: CellFormat, elements: ArrayReader, index: number): void {
  if (elements.isNull[index] === 1) out.ascii('null');
  else writeCell(out, element, elements.bytes, elements.start[index] as number, elements.end[index] as number);
}
