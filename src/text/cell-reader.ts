import { AssertionError } from '../base/assert.ts';
import { ColumnKind } from '../record/column-kind.ts';
import { CastKind } from './cell-format.ts';
import type { CellFormat } from './cell-format.ts';
import { readBase64, readBits, readHexBytes, readHexText } from './text-bytes.ts';
import { readDecimal, readDecimalText } from './text-decimal.ts';
import { readHstoreJson } from './text-hstore.ts';
import { readIntervalIso, readIntervalMicros } from './text-interval.ts';
import { readMoney, readMoneyText } from './text-money.ts';
import { javaDouble, javaFloat } from '../base/java-number.ts';
import { readBoolean, readFloat32, readFloat64, readInt64 } from './text-number.ts';
import { readIsoDate, readIsoTime, readIsoTimestamp, readZonedTime, readZonedTimestamp } from './text-iso-time.ts';
import { readTimeMicros, readTimeNanos, readTimestampMicros, readTimestampMillis, readTimestampNanos } from './text-time.ts';
import type { ByteRegister, Int64 } from './value-register.ts';

/** The kinds that give 64-bit integers. */
export function readCellInt64(format: CellFormat, bytes: Uint8Array, start: number, end: number, into: Int64): void {
  const kind: number = format.kind;
  switch (kind) {
    case ColumnKind.LONG:
      return readInt64(bytes, start, end, into);
    case ColumnKind.TIMESTAMP_MICROS:
      return readTimestampMicros(bytes, start, end, into);
    case ColumnKind.TIMESTAMP_MILLIS:
      return readTimestampMillis(bytes, start, end, into);
    case ColumnKind.TIME_MICROS:
      return readTimeMicros(bytes, start, end, into);
    case ColumnKind.INTERVAL_MICROS:
      return readIntervalMicros(bytes, start, end, into);
    case ColumnKind.TIME_NANOS:
      return readTimeNanos(bytes, start, end, into);
    case ColumnKind.TIMESTAMP_NANOS:
      return readTimestampNanos(bytes, start, end, into);
    default:
      throw new AssertionError(`column kind ${kind} is not read as int64`);
  }
}

/** The kinds whose value is bytes, or UTF-8 text, that differ from the cell's own. */
export function readCellBytes(format: CellFormat, bytes: Uint8Array, start: number, end: number, into: ByteRegister): void {
  const kind: number = format.kind;
  switch (kind) {
    case ColumnKind.DECIMAL:
      return readDecimal(bytes, start, end, format.scale, into);
    case ColumnKind.MONEY:
      return readMoney(bytes, start, end, format.scale, into);
    case ColumnKind.DECIMAL_STRING:
      return readDecimalText(bytes, start, end, format.scale, into);
    case ColumnKind.BYTES_HEX:
      return readHexBytes(bytes, start, end, into);
    case ColumnKind.BITS:
      return readBits(bytes, start, end, into);
    case ColumnKind.ZONED_TIMESTAMP:
      return readZonedTimestamp(bytes, start, end, format.scale, into);
    case ColumnKind.ZONED_TIME:
      return readZonedTime(bytes, start, end, format.scale, into);
    case ColumnKind.ISO_DATE:
      return readIsoDate(bytes, start, end, into);
    case ColumnKind.ISO_TIME:
      return readIsoTime(bytes, start, end, into);
    case ColumnKind.ISO_TIMESTAMP:
      return readIsoTimestamp(bytes, start, end, into);
    case ColumnKind.INTERVAL_ISO:
      return readIntervalIso(bytes, start, end, into);
    case ColumnKind.BYTES_BASE64:
      return readBase64(bytes, start, end, false, into);
    case ColumnKind.BYTES_BASE64_URL:
      return readBase64(bytes, start, end, true, into);
    case ColumnKind.BYTES_HEX_TEXT:
      return readHexText(bytes, start, end, into);
    case ColumnKind.MONEY_STRING:
      return readMoneyText(bytes, start, end, format.scale, into);
    case ColumnKind.HSTORE_JSON:
      return readHstoreJson(bytes, start, end, into);
    case CastKind.BOOLEAN_STRING:
      into.length = 0;
      return into.appendText(readBoolean(bytes, start, end) ? 'true' : 'false');
    case CastKind.FLOAT32_STRING:
      into.length = 0;
      return into.appendText(javaFloat(readFloat32(bytes, start, end)));
    case CastKind.FLOAT64_STRING:
      into.length = 0;
      return into.appendText(javaDouble(readFloat64(bytes, start, end)));
    default:
      throw new AssertionError(`column kind ${kind} is not read as bytes`);
  }
}
