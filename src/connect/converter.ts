import type { ByteSink } from '../base/byte-sink.ts';
import type { Change } from '../record/change.ts';
import type { HeaderNode, Node } from '../record/shape.ts';
import type { RowSchema } from '../record/row-schema.ts';

/** Turns one part of a shape into bytes: Avro, JSON, plain text. */
export interface Converter {
  /** Headers written by it say what they are, so that the converter of a key or value may read them. */
  readonly describesItself?: boolean;
  /** What it makes of a node depends on `context.headers`, too. */
  readonly readsHeaders?: boolean;
  /** A header whose text it has to know when it compiles: records that differ in it are shapes of their own. */
  readonly textHeader?: string | undefined;
  /**
   * The only asynchronous moment: registers the schema where the format has a registry, and compiles the program that
   * writes it. Rejects with `registry.*` or `data.shape`. Null: this part of such records is null.
   */
  compile(node: Node, context: ConverterContext): Promise<RowEncoder | null>;
}

export interface ConverterContext {
  readonly topic: string;
  readonly part: 'key' | 'value' | 'header';
  /** The rows whose columns the node's leaves name. */
  readonly schema: RowSchema;
  /** For keys and values: the headers of the record, as far as they are the shape's. */
  readonly headers?: readonly HeaderNode[] | undefined;
  /** `describesItself` of the converter that writes them. */
  readonly headersDescribed?: boolean | undefined;
}

export interface RowEncoder {
  /** Headers that every record with this part has, behind those of the shape. */
  readonly headers?: readonly (readonly [name: string, value: Uint8Array])[];
  /** What every payload begins with, where that says which schema it has. */
  readonly wireHeader?: Uint8Array | undefined;
  /**
   * Writes the whole payload, wire header included. Throws `ConnectError` `data.value` naming the column and the reason
   * (never the value). No I/O, no allocation; what was written before a throw is rolled back by the caller. A header that is
   * null may be the one byte 0xff, which no UTF-8 text is.
   */
  encode(change: Change, out: ByteSink): void;
}
