import { AssertionError } from '../../base/assert.ts';
import { Op, opCodes } from '../../record/change.ts';
import type { Change } from '../../record/change.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { RowSchema } from '../../record/row-schema.ts';
import type { ColumnNode, HeaderNode, Node, RegisterNode } from '../../record/shape.ts';
import { CellState } from '../../record/tuple-view.ts';

/** A value as an expression sees it. Decimals and moments are what their text says; structs are `true` where they are there. */
export type RowValue = string | number | bigint | boolean | null;
export type RowReader = (change: Change) => RowValue;

const numberKinds: ReadonlySet<ColumnKind> = new Set<ColumnKind>([
  ColumnKind.INT,
  ColumnKind.LONG,
  ColumnKind.FLOAT32,
  ColumnKind.FLOAT64,
  ColumnKind.DECIMAL,
]);

/** Has this record the header or the struct? */
export function isThere({ presence, presenceRegister }: Pick<HeaderNode, 'presence' | 'presenceRegister'>, change: Change): boolean {
  if (presenceRegister !== undefined && change.registers.present[presenceRegister] === 0) return false;
  return presence === null || change.tuple(presence).count > 0;
}

/** Reads one node of a shape per row. Makes strings, so only what a user asks for by a transform goes through here. */
export function rowReader(node: Node, schema: RowSchema): RowReader {
  switch (node.kind) {
    case 'constant': {
      const value = node.value instanceof Uint8Array ? Buffer.from(node.value).toString('base64') : node.value;
      return () => value;
    }
    case 'op':
      return (change) => (change.op === Op.TOMBSTONE ? null : (opCodes[change.op] as string));
    case 'register':
      return registerReader(node);
    case 'column':
      return columnReader(node, schema);
    case 'encoded':
      throw new AssertionError('transforms come before converters');
    case 'struct': {
      const { presence, presenceRegister } = node;
      if (presence !== null) return (change) => (change.tuple(presence).count > 0 ? true : null);
      if (presenceRegister !== undefined) return (change) => (change.registers.present[presenceRegister] === 1 ? true : null);
      return () => true;
    }
  }
}

function registerReader({ register, holds, schema }: RegisterNode): RowReader {
  const unset = typeof schema.default === 'string' ? schema.default : null;
  return ({ registers }) => {
    if (registers.present[register] === 0) return unset;
    if (holds === 'text') return utf8(registers.bytes, registers.start[register] as number, registers.end[register] as number);
    const [high, low] = [registers.high[register] as number, (registers.low[register] as number) >>> 0];
    return high >= -0x20_0000 && high < 0x20_0000 ? high * 0x1_0000_0000 + low : (BigInt(high) << 32n) | BigInt(low);
  };
}

function columnReader(node: ColumnNode, schema: RowSchema): RowReader {
  const column = schema.columns[node.column];
  const kind = column?.kind;
  const unavailable = column?.unavailable ?? null;
  const convert = (text: string): RowValue => {
    if (kind === undefined) return text;
    if (kind === ColumnKind.BOOLEAN) return /^(t|true|1)$/i.test(text);
    return numberKinds.has(kind) ? numberOf(text) : text;
  };
  return (change) => {
    const tuple = change.tuple(node.tuple);
    if (node.column >= tuple.count) return null;
    const state = tuple.state[node.column];
    if (state === CellState.UNCHANGED) return unavailable;
    if (state !== CellState.TEXT) return null;
    return convert(utf8(tuple.bytes, tuple.start[node.column] as number, tuple.end[node.column] as number));
  };
}

/** Exact as long as a double is: an integer beyond stays one. */
function numberOf(text: string): RowValue {
  const value = Number(text);
  if (Number.isNaN(value)) return text;
  return /^[+-]?\d{16,}$/.test(text) && !Number.isSafeInteger(value) ? BigInt(text) : value;
}

export function utf8(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}
