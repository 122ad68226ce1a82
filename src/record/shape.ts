import type { ByteSink } from '../base/byte-sink.ts';
import type { Change, Op, TupleRef } from './change.ts';
import type { RowSchema } from './row-schema.ts';
import type { LiteralValue, Schema } from './schema.ts';

/**
 * What one kind of change becomes: a topic, a key, a value, headers. A shape is a Connect schema whose leaves know
 * where a change keeps their bytes. Sources build it, transforms rewrite it, converters compile it; all of that happens
 * once per shape, and nothing of it is looked at per row.
 */
export interface Shape {
  readonly topic: string;
  /** Null: records have a null key. */
  readonly key: Node | null;
  readonly value: Node;
  readonly headers: readonly HeaderNode[];
  /** Where its records go; absent: by their key. */
  readonly partition?: number | undefined;
  /** The rows this shape is made of. */
  readonly schema: RowSchema;
}

export type Node = StructNode | ColumnNode | RegisterNode | ConstantNode | OpNode | EncodedNode;

/** `schema.type` is `struct`; `fields` are those of the schema, in the same order and under the same names. */
export interface StructNode {
  readonly kind: 'struct';
  readonly schema: Schema;
  readonly fields: readonly FieldNode[];
  /** The struct is null when this image has no columns; `null`: it is always present. Needs `schema.optional`. */
  readonly presence: TupleRef | null;
  /** The struct is null while this register has no value. Needs `schema.optional`; not together with `presence`. */
  readonly presenceRegister?: number | undefined;
}

export interface FieldNode {
  readonly name: string;
  readonly node: Node;
}

/** A cell of a row image. How to read it stands in `Shape.schema.columns[column]`; `schema` may be renamed or cast. */
export interface ColumnNode {
  readonly kind: 'column';
  readonly schema: Schema;
  readonly tuple: TupleRef;
  readonly column: number;
  /** True: a hashed or shortened column is written as it is. */
  readonly raw?: boolean | undefined;
}

/** `change.registers[register]`: `int64` (also written as int32 when the schema says so) or text. */
export interface RegisterNode {
  readonly kind: 'register';
  readonly schema: Schema;
  readonly register: number;
  readonly holds: 'int64' | 'text';
}

/** The same value in every record; null needs an optional schema. */
export interface ConstantNode {
  readonly kind: 'constant';
  readonly schema: Schema;
  readonly value: LiteralValue;
}

/** The operation's one-letter code (`opCodes[change.op]`), a string. */
export interface OpNode {
  readonly kind: 'op';
  readonly schema: Schema;
}

/** A string or bytes that a converter has an encoder of its own for; sources and transforms make none. */
export interface EncodedNode {
  readonly kind: 'encoded';
  readonly schema: Schema;
  /** Writes the text or bytes alone; not with an encoded node inside. */
  readonly encoder: { encode(change: Change, out: ByteSink): void };
  /** Null while this register has no value. Needs `schema.optional`. */
  readonly presenceRegister?: number | undefined;
}

/** A header, written in text form as Connect's SimpleHeaderConverter does. */
export interface HeaderNode {
  readonly name: string;
  readonly node: Node;
  /** Only on changes of these operations; null: on all. */
  readonly ops: readonly Op[] | null;
  /** Only when this image has columns; null: always. */
  readonly presence: TupleRef | null;
  /** Only while this register has a value, too. */
  readonly presenceRegister?: number | undefined;
}
