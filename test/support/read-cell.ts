import { ColumnKind } from '../../src/record/column-kind.ts';
import type { CellFormat } from '../../src/text/cell-format.ts';
import { readCellBytes, readCellInt64 } from '../../src/text/cell-reader.ts';
import { ArrayReader } from '../../src/text/text-array.ts';
import { readBit } from '../../src/text/text-bytes.ts';
import { readVariableScaleDecimal } from '../../src/text/text-decimal.ts';
import { readMoneyDouble } from '../../src/text/text-money.ts';
import { readBoolean, readFloat32, readFloat64, readInt } from '../../src/text/text-number.ts';
import { Point } from '../../src/text/text-point.ts';
import { readDateDays, readTimeMillis } from '../../src/text/text-time.ts';
import { ByteRegister, Int64 } from '../../src/text/value-register.ts';

const K = ColumnKind;
const texts = new Set<ColumnKind>([
  K.ZONED_TIMESTAMP,
  K.ZONED_TIME,
  K.DECIMAL_STRING,
  K.HSTORE_JSON,
  K.ISO_DATE,
  K.ISO_TIME,
  K.ISO_TIMESTAMP,
  K.INTERVAL_ISO,
  K.BYTES_BASE64,
  K.BYTES_BASE64_URL,
  K.BYTES_HEX_TEXT,
  K.MONEY_STRING,
]);
const longs = new Set<ColumnKind>([
  K.LONG,
  K.TIME_MICROS,
  K.TIMESTAMP_MILLIS,
  K.TIMESTAMP_MICROS,
  K.INTERVAL_MICROS,
  K.TIME_NANOS,
  K.TIMESTAMP_NANOS,
]);

/** One cell as a JavaScript value: int64 as bigint, bytes as hex, decimals as [unscaled hex, scale] where the scale varies. */
export function readCell(kind: ColumnKind, text: string, scale = -1): unknown {
  // A digit on both sides, so that a reader that leaves its range is found out.
  const bytes = Buffer.from(`7${text}7`, 'utf8');
  const [start, end] = [1, bytes.length - 1];
  const format: CellFormat = { kind, scale, min: -(2 ** 31), max: 2 ** 31 - 1, schema: { type: 'bytes', optional: false }, element: null };
  const into = new ByteRegister();
  if (longs.has(kind)) {
    const value = new Int64();
    readCellInt64(format, bytes, start, end, value);
    return value.toBigInt();
  }
  switch (kind as number) {
    case K.BOOLEAN:
      return readBoolean(bytes, start, end);
    case K.BIT:
      return readBit(bytes, start, end);
    case K.INT:
      return readInt(bytes, start, end, format.min, format.max);
    case K.FLOAT32:
      return readFloat32(bytes, start, end);
    case K.FLOAT64:
      return readFloat64(bytes, start, end);
    case K.MONEY_DOUBLE:
      return readMoneyDouble(bytes, start, end);
    case K.DATE_DAYS:
      return readDateDays(bytes, start, end);
    case K.TIME_MILLIS:
      return readTimeMillis(bytes, start, end, scale);
    case K.ARRAY:
      return readElements(bytes, start, end);
    case K.VARIABLE_SCALE_DECIMAL: {
      const found = readVariableScaleDecimal(bytes, start, end, into);
      return [Buffer.from(into.bytes.subarray(0, into.length)).toString('hex'), found];
    }
    case K.POINT: {
      const point = new Point();
      point.read(bytes, start, end);
      return { x: point.x, y: point.y, wkb: Buffer.from(point.wkb).toString('hex') };
    }
    default:
      readCellBytes(format, bytes, start, end, into);
      return Buffer.from(into.bytes.subarray(0, into.length)).toString(texts.has(kind) ? 'utf8' : 'hex');
  }
}

function readElements(bytes: Uint8Array, start: number, end: number): (string | null)[] {
  const reader = new ArrayReader();
  reader.read(bytes, start, end);
  return Array.from({ length: reader.count }, (_, index) =>
    reader.isNull[index] === 1 ? null : Buffer.from(reader.bytes.subarray(reader.start[index], reader.end[index])).toString('utf8'),
  );
}
