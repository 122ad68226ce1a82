import type { RowSchema } from './row-schema.ts';
import { TupleView } from './tuple-view.ts';

export const Op = {
  CREATE: 0,
  UPDATE: 1,
  DELETE: 2,
  /** A row of a snapshot, or of a source that has no operations (CSV, generators). */
  READ: 3,
  TRUNCATE: 4,
  MESSAGE: 5,
  /** Null value under the key of the row just deleted. */
  TOMBSTONE: 6,
} as const;
export type Op = (typeof Op)[keyof typeof Op];

/** Debezium's one-letter codes, by `Op`; a tombstone has none. */
export const opCodes: readonly string[] = ['c', 'u', 'd', 'r', 't', 'm', ''];

/** Which row image a node of a shape reads. */
export const TupleRef = {
  BEFORE: 0,
  AFTER: 1,
  /** The new row, or the old one where there is no new row: what a key and a flat record are made of. */
  ROW: 2,
  /** The key on the other side of a key change: the new key during the delete, the old key during the create. */
  RELATED: 3,
  /** Cells that transforms computed for this row, behind the columns of the table. */
  DERIVED: 4,
} as const;
export type TupleRef = (typeof TupleRef)[keyof typeof TupleRef];

/**
 * Facts about a change that are not columns (LSN, transaction id, times, snapshot marker), kept in typed arrays so that
 * no number is boxed. The source decides what each index means and binds nodes of its shapes to them.
 */
export class Registers {
  /** 1 when the register has a value, 0 when it is null. */
  readonly present: Uint8Array;
  /** 64-bit integers as two halves: high signed, low unsigned bits. */
  readonly high: Int32Array;
  readonly low: Int32Array;
  /** Text registers: UTF-8 in `bytes[start, end)`. */
  bytes: Uint8Array = new Uint8Array(0);
  readonly start: Int32Array;
  readonly end: Int32Array;

  constructor(count: number) {
    this.present = new Uint8Array(count);
    this.high = new Int32Array(count);
    this.low = new Int32Array(count);
    this.start = new Int32Array(count);
    this.end = new Int32Array(count);
  }

  /** Any integer that a double holds exactly (magnitude below 2^53). */
  setNumber(index: number, value: number): void {
    this.present[index] = 1;
    this.high[index] = Math.floor(value / 0x1_0000_0000);
    this.low[index] = value | 0;
    if (value > 0x7fff_ffff || value < -0x8000_0000) this.low[index] = value - Math.floor(value / 0x1_0000_0000) * 0x1_0000_0000;
  }

  setHalves(index: number, high: number, low: number): void {
    this.present[index] = 1;
    this.high[index] = high;
    this.low[index] = low;
  }

  setText(index: number, start: number, end: number): void {
    this.present[index] = 1;
    this.start[index] = start;
    this.end[index] = end;
  }

  setNull(index: number): void {
    this.present[index] = 0;
  }
}

/** What a dead letter holds of a change. */
export interface ChangeLetter {
  readonly raw: Uint8Array;
  /** Null: no key, or one that is not to be shown. */
  readonly key: Uint8Array | null;
}

/**
 * A mutable register, not a value: one per source, overwritten by the next change. Whoever receives it encodes what it
 * needs before returning and keeps no reference.
 */
export class Change {
  op: Op = Op.READ;
  schema: RowSchema;
  readonly before = new TupleView();
  readonly after = new TupleView();
  readonly related = new TupleView();
  readonly derived = new TupleView(1);
  readonly registers: Registers;
  /** The record's timestamp in milliseconds since 1970-01-01. */
  timestampMs = 0;
  /** When the source's transaction committed or the row was read, for lag metrics; 0 where unknown. */
  sourceTimeMs = 0;
  /** Names this change for a person (`lsn 0/16B3748, transaction 731` or `rides.csv line 12`). Slow; errors only. */
  locate: () => string;
  /** The row as it was read, for its dead letter; null where the source has no such thing. Slow; errors only. */
  raw: (() => Uint8Array | null) | null = null;
  /** The change for a person and a later replay, where `topic` must not have it; null: there is no such form. Slow; errors only. */
  letter: (change: Change, topic: string) => ChangeLetter | null = () => null;

  constructor(schema: RowSchema, registers: number, locate: () => string) {
    this.schema = schema;
    this.registers = new Registers(registers);
    this.locate = locate;
  }

  /** The image a `TupleRef` stands for; its `count` is 0 when the change has no such image. */
  tuple(ref: TupleRef): TupleView {
    switch (ref) {
      case TupleRef.BEFORE:
        return this.before;
      case TupleRef.AFTER:
        return this.after;
      case TupleRef.RELATED:
        return this.related;
      case TupleRef.DERIVED:
        return this.derived;
      case TupleRef.ROW:
        return this.after.count > 0 ? this.after : this.before;
    }
  }
}
