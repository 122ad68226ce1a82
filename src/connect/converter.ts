import type { ByteSink } from '../base/byte-sink.ts';
import type { Change } from '../record/change.ts';
import type { Node } from '../record/shape.ts';
import type { RowSchema } from '../record/row-schema.ts';

/** Turns one part of a shape into bytes: Avro, JSON, plain text. */
export interface Converter {
  /**
   * The only asynchronous moment: registers the schema where the format has a registry, and compiles the program that
   * writes it. Rejects with `registry.*` or `data.shape`.
   */
  compile(node: Node, context: ConverterContext): Promise<RowEncoder>;
}

export interface ConverterContext {
  readonly topic: string;
  readonly part: 'key' | 'value' | 'header';
  /** The rows whose columns the node's leaves name. */
  readonly schema: RowSchema;
}

export interface RowEncoder {
  /** Headers that every record with this part has, behind those of the shape. */
  readonly headers?: readonly (readonly [name: string, value: Uint8Array])[];
  /**
   * Writes the whole payload, wire header included. Throws `ConnectError` `data.value` naming the column and the reason
   * (never the value). No I/O, no allocation; what was written before a throw is rolled back by the caller. A header that is
   * null may be the one byte 0xff, which no UTF-8 text is.
   */
  encode(change: Change, out: ByteSink): void;
}
