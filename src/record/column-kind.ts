/**
 * How to read a cell's text, and which Connect value it becomes. A kind is chosen once per column, when the shape is
 * built (the source maps its own types and modes to kinds); per row it is one case of one `switch`.
 *
 * Text forms are those Postgres prints under `DateStyle=ISO`, `IntervalStyle=postgres`, `bytea_output=hex`,
 * `TimeZone=UTC`; the readers also take what spreadsheets and CSV exports usually hold (see each kind).
 * `scale` below is `Column.scale`.
 */
export const ColumnKind = {
  /** `t`/`f`, also `true`/`false`, `1`/`0`, any letter case → boolean. */
  BOOLEAN: 1,
  /** Decimal digits with sign → int8, int16 or int32, range-checked against the schema's type. */
  INT: 2,
  /** Decimal digits with sign → int64. */
  LONG: 3,
  /** Also `NaN`, `Infinity`, `-Infinity`; `.80` and `1e5` → float32. */
  FLOAT32: 4,
  FLOAT64: 5,
  /** Bytes as they are (UTF-8) → string. */
  STRING: 6,
  /** `\x…` hex → bytes. */
  BYTES_HEX: 7,
  /** `0`/`1` of `bit(1)` → boolean. */
  BIT: 8,
  /** Bit string → bytes, little-endian, trailing zero bytes trimmed (`io.debezium.data.Bits`). */
  BITS: 9,
  /** `YYYY-MM-DD`, ` BC` → int32 days since 1970-01-01, proleptic Gregorian; ±infinity is a data error. */
  DATE_DAYS: 10,
  /** `HH:MM:SS[.ffffff]` → int32 milliseconds (`24:00:00` is 86400000); finer digits are cut off where `scale` announces them (above 3), else a data error. */
  TIME_MILLIS: 11,
  /** → int64 microseconds. */
  TIME_MICROS: 12,
  /** `YYYY-MM-DD[ T]HH:MM:SS[.ffffff][ BC]` without zone, read as UTC → int64 milliseconds. */
  TIMESTAMP_MILLIS: 13,
  /** → int64 microseconds; `±infinity` becomes 9223372036825200000 / -9223372036832400000 as pgjdbc has it. */
  TIMESTAMP_MICROS: 14,
  /** With zone offset → string in UTC, ISO-8601 with `Z`, fraction padded to `scale` digits (-1: as few as needed). */
  ZONED_TIMESTAMP: 15,
  ZONED_TIME: 16,
  /** Postgres interval → int64 microseconds, a month being 365.25/12 days (`io.debezium.time.MicroDuration`). */
  INTERVAL_MICROS: 17,
  /** Plain or exponent notation → big-endian two's-complement unscaled bytes at `scale` digits (Connect `Decimal`). */
  DECIMAL: 18,
  /** → struct {scale int32, value bytes}, trailing zeros taken off, scale never negative. */
  VARIABLE_SCALE_DECIMAL: 19,
  /** `$1,234.11`, `-$1`, `($1)` → unscaled bytes at `scale` digits. */
  MONEY: 20,
  /** `(x,y)` → struct {x, y float64, wkb optional bytes, srid optional int32}. */
  POINT: 21,
  /** Postgres array literal → array of `element`; NULL elements allowed, one dimension. */
  ARRAY: 22,
  /** hstore text → JSON object text. */
  HSTORE_JSON: 23,
  /** Numeric text normalised to plain notation at `scale` digits → string (`decimal.handling.mode=string`). */
  DECIMAL_STRING: 24,
  /** Array literal with keys and values by turns, all quoted but NULL → map from string to `element`. */
  MAP: 60,
  /** Array literal with one element for each of `fields`, all quoted but NULL → struct. */
  STRUCT: 61,
  /** As TIME_MICROS, in nanoseconds → int64. */
  TIME_NANOS: 25,
  /** As TIMESTAMP_MICROS, in nanoseconds (1677 to 2262) → int64; `±infinity` is the largest and smallest int64. */
  TIMESTAMP_NANOS: 26,
  /** → string `YYYY-MM-DDZ`. */
  ISO_DATE: 27,
  /** → string `HH:MM:SS[.f…]Z`, as few fraction digits as needed. */
  ISO_TIME: 28,
  /** → string `YYYY-MM-DDTHH:MM:SS[.f…]Z`; `±infinity` as in TIMESTAMP_MICROS. */
  ISO_TIMESTAMP: 29,
  /** Postgres interval → ISO-8601 with every part written: `P1Y2M3DT4H5M6.78S`. */
  INTERVAL_ISO: 30,
  /** `\x…` hex → string. */
  BYTES_BASE64: 31,
  /** The URL-safe alphabet, padded. */
  BYTES_BASE64_URL: 32,
  /** Lower-case digits without prefix. */
  BYTES_HEX_TEXT: 33,
  /** Money as MONEY reads it → plain notation at `scale` digits. */
  MONEY_STRING: 34,
  /** → float64. */
  MONEY_DOUBLE: 35,
  /** The text is rewritten first (`Column.rewrite`), then read as `element`. */
  REWRITTEN: 36,
} as const;
export type ColumnKind = (typeof ColumnKind)[keyof typeof ColumnKind];
