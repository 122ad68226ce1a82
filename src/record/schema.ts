/**
 * Kafka Connect's data model (`org.apache.kafka.connect.data.Schema`), as plain data. Converters turn it into an Avro
 * or JSON schema; it is built at shape time only and never seen by the row path.
 *
 * Semantic types carry a `name` (`io.debezium.time.MicroTimestamp`, `org.apache.kafka.connect.data.Decimal`) and
 * `parameters` exactly as Connect and Debezium write them, because the text of the Avro schema depends on both.
 */
export type SchemaType =
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'float32'
  | 'float64'
  | 'boolean'
  | 'string'
  | 'bytes'
  | 'array'
  | 'map'
  | 'struct';

/** A default or constant: `int64` as bigint or number, `bytes` as Uint8Array, Decimal as unscaled big-endian bytes; an array or map without elements as the empty text. */
export type LiteralValue = string | number | bigint | boolean | Uint8Array | null;

export interface Schema {
  readonly type: SchemaType;
  readonly optional: boolean;
  readonly name?: string | undefined;
  readonly version?: number | undefined;
  readonly doc?: string | undefined;
  /** Insertion order is the order in the Avro schema text. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /** Absent: no default. Structs and arrays never have one (KAFKA-12694). */
  readonly default?: LiteralValue | undefined;
  /** Former names of the field that has this schema. */
  readonly aliases?: readonly string[] | undefined;
  /** Struct only. */
  readonly fields?: readonly Field[] | undefined;
  /** Array: the element. Map: the value. */
  readonly items?: Schema | undefined;
  /** Map only. */
  readonly keys?: Schema | undefined;
}

export interface Field {
  readonly name: string;
  readonly schema: Schema;
}
