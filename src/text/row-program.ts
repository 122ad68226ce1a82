import { ByteSink } from '../base/byte-sink.ts';
import { ConnectError } from '../base/errors.ts';
import { ColumnKind } from '../record/column-kind.ts';
import type { Column, RowSchema } from '../record/row-schema.ts';
import type { LiteralValue, Schema } from '../record/schema.ts';
import type { ColumnNode, ConstantNode, EncodedNode, Node, OpNode, RegisterNode, StructNode } from '../record/shape.ts';
import { cellFormat } from './cell-format.ts';
import { writeDecimalText } from './text-decimal.ts';
import type { CellFormat } from './cell-format.ts';

/**
 * How one data format spells values and what stands around them. The first four methods run per row; the rest runs
 * once per shape, and what it writes becomes constant bytes of the program.
 */
export interface ValueWriter {
  /** A cell's text as a value, without what marks it as present. Throws `data.value` with a bare reason. */
  cell(out: ByteSink, format: CellFormat, bytes: Uint8Array, start: number, end: number): void;
  int64(out: ByteSink, high: number, low: number): void;
  /** UTF-8 as a string value. */
  text(out: ByteSink, bytes: Uint8Array, start: number, end: number): void;
  bytes(out: ByteSink, bytes: Uint8Array, start: number, end: number): void;

  /** Not null; without what marks it as present. Throws `data.shape` when the value does not fit the schema. */
  literal(out: ByteSink, schema: Schema, value: LiteralValue): void;
  /** The byte in front of a value that is there although it may be null, -1 when the format has none. */
  presentByte(schema: Schema): number;
  null(out: ByteSink, schema: Schema): void;
  /** Null is written where a value is missing that has a default. */
  readonly keepsNull?: boolean;
  startStruct(out: ByteSink): void;
  startField(out: ByteSink, index: number, name: string): void;
  endStruct(out: ByteSink): void;
}

export const Opcode = {
  END: 0,
  /** Copy `constants[A, B)`. */
  RUN: 1,
  /** Read cells from the image A, which must have at least B columns. */
  TUPLE: 2,
  /** If the image A has no columns: copy the null run and go to instruction B. */
  IF_ABSENT: 3,
  /** Write column A of the current image by `formats[B]`. */
  CELL: 4,
  /** Write the 64-bit register A. B is 1 when it must fit into 32 bits. */
  INT64: 5,
  /** Write the text register A. */
  TEXT: 6,
  /** Write the operation's letter. */
  OP: 7,
  /** If the register A has no value: copy the null run and go to instruction B. */
  IF_UNSET: 8,
  /** Write what `encoders[A]` writes, as bytes when B is 1, otherwise as text. */
  ENCODED: 9,
} as const;
export type Opcode = (typeof Opcode)[keyof typeof Opcode];

/** Each instruction is eight integers; which of them it uses stands at its opcode. */
export const Slot = {
  OPCODE: 0,
  A: 1,
  B: 2,
  /** Goes before a value that is there; -1: nothing does. */
  PRESENT: 3,
  /** Constants for a null or absent value; -1: an error. */
  NULL_START: 4,
  NULL_END: 5,
  /** Constants for an unchanged value that the source did not send; -1: an error. */
  UNCHANGED_START: 6,
  UNCHANGED_END: 7,
} as const;
export const slotsPerInstruction = 8;

/** A node compiled to data: what `RowEncoder` runs. */
export interface RowProgram {
  readonly code: Int32Array;
  /** The prefix is where they begin. */
  readonly constants: Uint8Array;
  readonly formats: readonly CellFormat[];
  readonly encoders: readonly EncodedNode['encoder'][];
  /** For messages. */
  readonly schema: RowSchema;
}

export interface RowProgramOptions {
  /** Bytes around every payload: wire header, JSON envelope. */
  readonly prefix: Uint8Array;
  readonly suffix: Uint8Array;
}

/** Compiles a node; adjacent constants become one run. Throws `data.shape` for what the format cannot hold. */
export function compileRow(node: Node, schema: RowSchema, writer: ValueWriter, options: RowProgramOptions): RowProgram {
  const builder = new RowProgramBuilder(schema, writer);
  builder.constant((out) => out.copy(options.prefix, 0, options.prefix.length));
  builder.node(node);
  builder.constant((out) => out.copy(options.suffix, 0, options.suffix.length));
  return builder.build();
}

class RowProgramBuilder {
  readonly #schema: RowSchema;
  readonly #writer: ValueWriter;
  readonly #code: number[] = [];
  readonly #formats: CellFormat[] = [];
  readonly #encoders: EncodedNode['encoder'][] = [];
  readonly #constants = new ByteSink(Buffer.allocUnsafeSlow(1024));
  /** Where the run that is still growing starts; -1: none is. */
  #runStart = -1;
  /** The image that cells are read from at this point of the program, -1 when that depends on the way here. */
  #tuple = -1;
  #tupleAt = -1;

  constructor(schema: RowSchema, writer: ValueWriter) {
    this.#schema = schema;
    this.#writer = writer;
  }

  build(): RowProgram {
    this.#instruction(Opcode.END, 0, 0);
    const constants = Uint8Array.from(this.#constants.bytes.subarray(0, this.#constants.at));
    return { code: Int32Array.from(this.#code), constants, formats: this.#formats, encoders: this.#encoders, schema: this.#schema };
  }

  node(node: Node): void {
    switch (node.kind) {
      case 'struct':
        return this.#struct(node);
      case 'column':
        return this.#column(node);
      case 'register':
        return this.#register(node);
      case 'constant':
        return this.#constantNode(node);
      case 'op':
        return this.#op(node);
      case 'encoded':
        return this.#encoded(node);
    }
  }

  /** Appends to the current run of constants. */
  constant(write: (out: ByteSink) => void): void {
    const { start, end } = this.#append(write);
    if (this.#runStart < 0 && end > start) this.#runStart = start;
  }

  #struct(node: StructNode): void {
    const { presence, presenceRegister } = node;
    if (presence === null && presenceRegister === undefined) {
      this.#present(node.schema);
      this.#fields(node);
      return;
    }
    const [opcode, a] = presence === null ? [Opcode.IF_UNSET, presenceRegister ?? 0] : [Opcode.IF_ABSENT, presence];
    this.#unless(opcode, a, node.schema, () => {
      this.#present(node.schema);
      this.#fields(node);
    });
    this.#tuple = -1;
  }

  /** Null where the condition holds, otherwise what `write` compiles. */
  #unless(opcode: Opcode, a: number, schema: Schema, write: () => void): void {
    if (!schema.optional) throw shapeError(`A ${schema.type} "${schema.name ?? ''}" that may be missing must be optional.`);
    const at = this.#instruction(opcode, a, 0, { nullRun: this.#aside((out) => this.#writer.null(out, schema)) });
    write();
    this.#flush();
    this.#code[at + Slot.B] = this.#code.length;
  }

  #fields(node: StructNode): void {
    this.constant((out) => this.#writer.startStruct(out));
    node.fields.forEach((field, index) => {
      this.constant((out) => this.#writer.startField(out, index, field.name));
      this.node(field.node);
    });
    this.constant((out) => this.#writer.endStruct(out));
  }

  #column(node: ColumnNode): void {
    const declared = this.#schema.columns[node.column];
    const inner = declared?.rewrite !== undefined && 'inner' in declared.rewrite ? declared.rewrite.inner : declared;
    const column = node.raw === true ? inner : declared;
    if (column === undefined) throw shapeError(`"${this.#schema.name}" has no column number ${node.column}.`);
    if (this.#tuple !== node.tuple) {
      this.#tupleAt = this.#instruction(Opcode.TUPLE, node.tuple, 0);
      this.#tuple = node.tuple;
    }
    this.#code[this.#tupleAt + Slot.B] = Math.max(this.#code[this.#tupleAt + Slot.B] ?? 0, node.column + 1);
    const format = cellFormat(column, node.schema);
    this.#instruction(Opcode.CELL, node.column, this.#formats.push(format) - 1, {
      present: this.#presentByte(node.schema),
      nullRun: this.#nullRun(node.schema, column, format),
      unchangedRun: this.#unchangedRun(node.schema, column, format),
    });
  }

  #nullRun(schema: Schema, column: Column, format: CellFormat): Run | null {
    if (schema.optional) return this.#aside((out) => this.#writer.null(out, schema));
    const { neutral } = column;
    if (neutral === undefined || neutral === null) return null;
    if (typeof neutral === 'string' && (schema.type === 'array' || schema.type === 'struct' || schema.type === 'map')) {
      const text = Buffer.from(neutral, 'utf8');
      return this.#aside((out) => this.#writer.cell(out, plainFormat(format), text, 0, text.length));
    }
    return this.#aside((out) => this.#writer.literal(out, schema, castLiteral(neutral, column, schema)));
  }

  #unchangedRun(schema: Schema, column: Column, format: CellFormat): Run | null {
    if (column.unavailable === undefined) return null;
    const text = Buffer.from(column.unavailable, 'utf8');
    try {
      return this.#aside((out) => {
        if (this.#presentByte(schema) >= 0) out.byte(this.#presentByte(schema));
        if (plainFormat(format).kind === ColumnKind.BYTES_HEX_TEXT) this.#writer.literal(out, schema, column.unavailable ?? '');
        else this.#writer.cell(out, plainFormat(format), text, 0, text.length);
      });
    } catch (error) {
      // Of a column that was cast: an error of the row that has such a cell.
      if (schema.type !== column.schema.type) return null;
      throw new ConnectError(
        'data.shape',
        `The placeholder for unchanged values does not fit column "${column.name}" of "${this.#schema.name}".`,
        {
          remedy: 'Set unavailable.value.placeholder to a text that this type can hold.',
          cause: error,
        },
      );
    }
  }

  #register(node: RegisterNode): void {
    const run = this.#unsetRun(node.schema);
    const { type } = node.schema;
    if (node.holds === 'int64' ? type !== 'int64' && type !== 'int32' : type !== 'string') {
      throw shapeError(`A value that the source holds as ${node.holds} cannot be written as ${type}.`);
    }
    const opcode = node.holds === 'int64' ? Opcode.INT64 : Opcode.TEXT;
    this.#instruction(opcode, node.register, type === 'int32' ? 1 : 0, { present: this.#presentByte(node.schema), nullRun: run });
  }

  /** For a register without a value: its default, unless the format is told to leave nulls alone. */
  #unsetRun(schema: Schema): Run | null {
    const { default: byDefault } = schema;
    if (byDefault === undefined || byDefault === null || this.#writer.keepsNull === true) {
      return schema.optional ? this.#aside((out) => this.#writer.null(out, schema)) : null;
    }
    return this.#aside((out) => {
      if (this.#presentByte(schema) >= 0) out.byte(this.#presentByte(schema));
      this.#writer.literal(out, schema, byDefault);
    });
  }

  #constantNode(node: ConstantNode): void {
    const { value } = node;
    if (value === null) {
      if (!node.schema.optional) throw shapeError('A constant null needs an optional schema.');
      this.constant((out) => this.#writer.null(out, node.schema));
      return;
    }
    this.#present(node.schema);
    this.constant((out) => this.#writer.literal(out, node.schema, value));
  }

  #op(node: OpNode): void {
    if (node.schema.type !== 'string') throw shapeError(`The operation cannot be written as ${node.schema.type}.`);
    this.#present(node.schema);
    this.#instruction(Opcode.OP, 0, 0);
  }

  #encoded({ schema, encoder, presenceRegister }: EncodedNode): void {
    if (schema.type !== 'string' && schema.type !== 'bytes') throw shapeError(`Bytes cannot be written as ${schema.type}.`);
    const write = (): void => {
      this.#present(schema);
      this.#instruction(Opcode.ENCODED, this.#encoders.push(encoder) - 1, schema.type === 'bytes' ? 1 : 0);
    };
    if (presenceRegister === undefined) write();
    else this.#unless(Opcode.IF_UNSET, presenceRegister, schema, write);
  }

  #presentByte(schema: Schema): number {
    return schema.optional ? this.#writer.presentByte(schema) : -1;
  }

  #present(schema: Schema): void {
    const byte = this.#presentByte(schema);
    if (byte >= 0) this.constant((out) => out.byte(byte));
  }

  /** Constants that are not part of the main run: written only in some cases. */
  #aside(write: (out: ByteSink) => void): Run {
    this.#flush();
    return this.#append(write);
  }

  #append(write: (out: ByteSink) => void): Run {
    const out = this.#constants;
    const start = out.at;
    for (;;) {
      write(out);
      if (!out.overflowed) return { start, end: out.at };
      const larger = Buffer.allocUnsafeSlow(2 * out.at);
      out.bytes.copy(larger, 0, 0, start);
      out.bytes = larger;
      out.rewind(start);
    }
  }

  #flush(): void {
    if (this.#runStart < 0) return;
    const start = this.#runStart;
    this.#runStart = -1;
    this.#instruction(Opcode.RUN, start, this.#constants.at);
  }

  /** Appends an instruction, after the run that stands before it; answers where it starts. */
  #instruction(
    opcode: Opcode,
    a: number,
    b: number,
    more: { present?: number; nullRun?: Run | null; unchangedRun?: Run | null } = {},
  ): number {
    this.#flush();
    const { present = -1, nullRun = null, unchangedRun = null } = more;
    const nulls = nullRun ?? { start: -1, end: -1 };
    const unchanged = unchangedRun ?? { start: -1, end: -1 };
    return this.#code.push(opcode, a, b, present, nulls.start, nulls.end, unchanged.start, unchanged.end) - slotsPerInstruction;
  }
}

interface Run {
  readonly start: number;
  readonly end: number;
}

/** A neutral value under the schema that is written, which a transform may have cast. */
function castLiteral(value: LiteralValue, column: Column, schema: Schema): LiteralValue {
  if (schema.type === column.schema.type) return value;
  const plain = value instanceof Uint8Array ? writeDecimalText(value, Math.max(column.scale, 0)) : value;
  if (schema.type === 'string') return String(plain);
  return schema.type === 'float32' || schema.type === 'float64' ? Number(plain) : plain;
}

/** Texts that the shape itself brings are not rewritten. */
function plainFormat(format: CellFormat): CellFormat {
  return format.kind === ColumnKind.REWRITTEN ? plainFormat(format.element!) : format;
}

function shapeError(message: string): ConnectError {
  return new ConnectError('data.shape', message);
}

/** One line per instruction, for debugging and for tests of the compiler. */
export function printRowProgram(program: RowProgram): string {
  const names = Object.keys(Opcode);
  const lines: string[] = [];
  for (let at = 0; at < program.code.length; at += slotsPerInstruction) {
    const slot = (index: number): number => program.code[at + index] as number;
    const words = [
      String(at / slotsPerInstruction).padStart(3),
      (names[slot(Slot.OPCODE)] ?? '?').padEnd(9),
      String(slot(Slot.A)),
      String(slot(Slot.B)),
    ];
    if (slot(Slot.OPCODE) === Opcode.CELL) words.push(program.schema.columns[slot(Slot.A)]?.name ?? '?');
    if (slot(Slot.OPCODE) === Opcode.RUN) words.push(Buffer.from(program.constants.subarray(slot(Slot.A), slot(Slot.B))).toString('hex'));
    if (slot(Slot.NULL_START) >= 0) words.push(`null=${hex(program, slot(Slot.NULL_START), slot(Slot.NULL_END))}`);
    if (slot(Slot.UNCHANGED_START) >= 0) words.push(`unchanged=${hex(program, slot(Slot.UNCHANGED_START), slot(Slot.UNCHANGED_END))}`);
    lines.push(words.join(' '));
  }
  return lines.join('\n');
}

function hex(program: RowProgram, start: number, end: number): string {
  return Buffer.from(program.constants.subarray(start, end)).toString('hex');
}
