import type { ByteSink } from '../base/byte-sink.ts';
import { ColumnKind } from '../record/column-kind.ts';
import { nestingMax } from '../text/cell-format.ts';
import type { CellFormat } from '../text/cell-format.ts';
import { readCellBytes, readCellInt64 } from '../text/cell-reader.ts';
import { writeInt64 } from '../text/integer-text.ts';
import type { ValueWriter } from '../text/row-program.ts';
import { nestedReaders } from '../text/text-array.ts';
import type { ArrayReader } from '../text/text-array.ts';
import { readBit } from '../text/text-bytes.ts';
import { readVariableScaleDecimal, writeDecimalText } from '../text/text-decimal.ts';
import { readMoneyDouble } from '../text/text-money.ts';
import { readBoolean, readFloat32, readFloat64, readInt } from '../text/text-number.ts';
import { Point } from '../text/text-point.ts';
import { readDateDays, readTimeMillis } from '../text/text-time.ts';
import { valueError } from '../text/value-error.ts';
import { ByteRegister, Int64 } from '../text/value-register.ts';
import { isJsonNumber, writeBase64, writeJsonString } from './json-bytes.ts';
import { isDecimal, jsonLiteral } from './json-schema.ts';
import type { JsonFormatOptions } from './json-schema.ts';

const int64 = new Int64();
const scratch = new ByteRegister();
const readers = nestedReaders();
const rewritten = Array.from({ length: nestingMax }, () => new ByteRegister());
const point = new Point();

/** Payloads as Connect's JsonConverter writes them. */
export function jsonValueWriter(options: JsonFormatOptions): ValueWriter {
  return new JsonValueWriter(options);
}

class JsonValueWriter implements ValueWriter {
  readonly keepsNull: boolean;
  readonly #options: JsonFormatOptions;

  constructor(options: JsonFormatOptions) {
    this.keepsNull = options.keepNull === true;
    this.#options = options;
  }

  cell(out: ByteSink, format: CellFormat, bytes: Uint8Array, start: number, end: number): void {
    const kind: number = format.kind;
    switch (kind) {
      case ColumnKind.INT:
        writeInteger(out, readInt(bytes, start, end, format.min, format.max));
        return;
      case ColumnKind.LONG:
      case ColumnKind.TIME_MICROS:
      case ColumnKind.TIMESTAMP_MILLIS:
      case ColumnKind.TIMESTAMP_MICROS:
      case ColumnKind.INTERVAL_MICROS:
      case ColumnKind.TIME_NANOS:
      case ColumnKind.TIMESTAMP_NANOS:
        readCellInt64(format, bytes, start, end, int64);
        writeInt64(out, int64.high, int64.low);
        return;
      case ColumnKind.STRING:
        writeJsonString(out, bytes, start, end);
        return;
      case ColumnKind.FLOAT64:
        writeFloat(out, readFloat64(bytes, start, end), bytes, start, end);
        return;
      case ColumnKind.MONEY_DOUBLE:
        out.ascii(String(readMoneyDouble(bytes, start, end)));
        return;
      case ColumnKind.FLOAT32:
        writeFloat(out, readFloat32(bytes, start, end), bytes, start, end);
        return;
      case ColumnKind.BOOLEAN:
        out.ascii(readBoolean(bytes, start, end) ? 'true' : 'false');
        return;
      case ColumnKind.BIT:
        out.ascii(readBit(bytes, start, end) ? 'true' : 'false');
        return;
      case ColumnKind.DATE_DAYS:
        writeInteger(out, readDateDays(bytes, start, end));
        return;
      case ColumnKind.TIME_MILLIS:
        writeInteger(out, readTimeMillis(bytes, start, end, format.scale));
        return;
      case ColumnKind.DECIMAL:
      case ColumnKind.MONEY:
      case ColumnKind.BYTES_HEX:
      case ColumnKind.BITS:
        this.#bytes(out, format, bytes, start, end);
        return;
      case ColumnKind.ARRAY:
        this.#array(out, format, bytes, start, end);
        return;
      case ColumnKind.MAP:
        this.#map(out, format, bytes, start, end);
        return;
      case ColumnKind.STRUCT:
        this.#struct(out, format, bytes, start, end);
        return;
      case ColumnKind.VARIABLE_SCALE_DECIMAL:
        writeVariableScaleDecimal(out, bytes, start, end);
        return;
      case ColumnKind.POINT:
        writePoint(out, bytes, start, end);
        return;
      case ColumnKind.REWRITTEN:
        this.#rewritten(out, format, bytes, start, end);
        return;
      default:
        // Every other kind is text.
        readCellBytes(format, bytes, start, end, scratch);
        writeJsonString(out, scratch.bytes, 0, scratch.length);
    }
  }

  int64(out: ByteSink, high: number, low: number): void {
    writeInt64(out, high, low);
  }

  text(out: ByteSink, bytes: Uint8Array, start: number, end: number): void {
    writeJsonString(out, bytes, start, end);
  }

  bytes(out: ByteSink, bytes: Uint8Array, start: number, end: number): void {
    writeQuotedBase64(out, bytes, start, end);
  }

  literal(out: ByteSink, schema: Parameters<ValueWriter['literal']>[1], value: Parameters<ValueWriter['literal']>[2]): void {
    writeText(out, jsonLiteral(schema, value, this.#options));
  }

  presentByte(): number {
    return -1;
  }

  null(out: ByteSink): void {
    out.ascii('null');
  }

  startStruct(out: ByteSink): void {
    out.byte(0x7b);
  }

  startField(out: ByteSink, index: number, name: string): void {
    writeText(out, `${index === 0 ? '' : ','}${JSON.stringify(name)}:`);
  }

  endStruct(out: ByteSink): void {
    out.byte(0x7d);
  }

  #rewritten(out: ByteSink, format: CellFormat, bytes: Uint8Array, start: number, end: number): void {
    const text = rewritten[format.depth ?? 0]!;
    format.rewrite!(bytes, start, end, text);
    this.cell(out, format.element!, text.bytes, 0, text.length);
  }

  #bytes(out: ByteSink, format: CellFormat, bytes: Uint8Array, start: number, end: number): void {
    readCellBytes(format, bytes, start, end, scratch);
    if (this.#options.decimalNumeric && isDecimal(format.schema)) {
      out.ascii(writeDecimalText(scratch.bytes.subarray(0, scratch.length), format.scale));
      return;
    }
    writeQuotedBase64(out, scratch.bytes, 0, scratch.length);
  }

  #array(out: ByteSink, format: CellFormat, bytes: Uint8Array, start: number, end: number): void {
    const elements = readers[format.depth ?? 0]!;
    elements.read(bytes, start, end);
    out.byte(0x5b);
    for (let index = 0; index < elements.count; index += 1) {
      if (index > 0) out.byte(0x2c);
      this.#element(out, format.element!, elements, index);
    }
    out.byte(0x5d);
  }

  #map(out: ByteSink, format: CellFormat, bytes: Uint8Array, start: number, end: number): void {
    const entries = readers[format.depth ?? 0]!;
    entries.readPairs(bytes, start, end);
    if (format.keys !== undefined) {
      this.#pairs(out, format, entries);
      return;
    }
    out.byte(0x7b);
    for (let index = 0; index < entries.count; index += 2) {
      if (index > 0) out.byte(0x2c);
      writeJsonString(out, entries.bytes, entries.start[index] as number, entries.end[index] as number);
      out.byte(0x3a);
      this.#element(out, format.element!, entries, index + 1);
    }
    out.byte(0x7d);
  }

  /** A map whose keys are not text: `[[key,value],…]`. */
  #pairs(out: ByteSink, format: CellFormat, entries: ArrayReader): void {
    out.byte(0x5b);
    for (let index = 0; index < entries.count; index += 2) {
      out.ascii(index > 0 ? ',[' : '[');
      this.cell(out, format.keys!, entries.bytes, entries.start[index] as number, entries.end[index] as number);
      out.byte(0x2c);
      this.#element(out, format.element!, entries, index + 1);
      out.byte(0x5d);
    }
    out.byte(0x5d);
  }

  #struct(out: ByteSink, format: CellFormat, bytes: Uint8Array, start: number, end: number): void {
    const values = readers[format.depth ?? 0]!;
    const fields = format.fields!;
    values.readFields(bytes, start, end, fields.length);
    out.byte(0x7b);
    for (let index = 0; index < fields.length; index += 1) {
      writeText(out, `${index > 0 ? ',' : ''}${JSON.stringify(format.schema.fields![index]!.name)}:`);
      this.#element(out, fields[index]!, values, index);
    }
    out.byte(0x7d);
  }

  #element(out: ByteSink, element: CellFormat, elements: ArrayReader, index: number): void {
    if (elements.isNull[index] === 0) {
      this.cell(out, element, elements.bytes, elements.start[index] as number, elements.end[index] as number);
      return;
    }
    if (!element.schema.optional) throw valueError('a null element where elements may not be null');
    out.ascii('null');
  }
}

function writeInteger(out: ByteSink, value: number): void {
  writeInt64(out, value >> 31, value);
}

/** The text itself where JSON allows it, so that no digit is lost; NaN and infinities are strings, as Jackson has it. */
function writeFloat(out: ByteSink, value: number, bytes: Uint8Array, start: number, end: number): void {
  if (!Number.isFinite(value)) out.ascii(`"${value}"`);
  else if (isJsonNumber(bytes, start, end)) out.copy(bytes, start, end);
  else out.ascii(Object.is(value, -0) ? '-0' : String(value));
}

function writeQuotedBase64(out: ByteSink, bytes: Uint8Array, start: number, end: number): void {
  out.byte(0x22);
  writeBase64(out, bytes, start, end);
  out.byte(0x22);
}

function writeVariableScaleDecimal(out: ByteSink, bytes: Uint8Array, start: number, end: number): void {
  out.ascii('{"scale":');
  writeInteger(out, readVariableScaleDecimal(bytes, start, end, scratch));
  out.ascii(',"value":');
  writeQuotedBase64(out, scratch.bytes, 0, scratch.length);
  out.byte(0x7d);
}

function writePoint(out: ByteSink, bytes: Uint8Array, start: number, end: number): void {
  point.read(bytes, start, end);
  out.ascii(`{"x":${jsonDouble(point.x)},"y":${jsonDouble(point.y)},"wkb":`);
  writeQuotedBase64(out, point.wkb, 0, point.wkb.length);
  out.ascii(',"srid":null}');
}

function jsonDouble(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}

/** Shape time only. */
export function writeText(out: ByteSink, text: string): void {
  const utf8 = Buffer.from(text, 'utf8');
  out.copy(utf8, 0, utf8.length);
}
