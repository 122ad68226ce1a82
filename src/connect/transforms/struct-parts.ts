import { ConnectError } from '../../base/errors.ts';
import { CellFault } from '../../record/cell-fault.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { Column } from '../../record/row-schema.ts';
import type { ColumnNode } from '../../record/shape.ts';
import type { LiteralValue } from '../../record/schema.ts';

/** A field of a struct that is one cell. */
export interface StructPart {
  readonly field: string;
  readonly kind: ColumnKind;
  /** From the text of the cell, in the form that `kind` reads; null: never a value. */
  readonly read: (text: string) => string | null;
  readonly literal: (text: string) => LiteralValue;
}

function number(field: string, kind: ColumnKind, read: StructPart['read']): StructPart {
  return { field, kind, read, literal: Number };
}

function bytes(field: string, read: (text: string) => string): StructPart {
  return { field, kind: ColumnKind.BYTES_HEX, read: (text) => `\\x${read(text)}`, literal: (hex) => Buffer.from(hex.slice(2), 'hex') };
}

const parts: ReadonlyMap<ColumnKind, readonly StructPart[]> = new Map([
  [
    ColumnKind.POINT,
    [
      number('x', ColumnKind.FLOAT64, (text) => coordinates(text)[0]),
      number('y', ColumnKind.FLOAT64, (text) => coordinates(text)[1]),
      bytes('wkb', (text) => wellKnownBinary(coordinates(text).map(Number))),
      number('srid', ColumnKind.INT, () => null),
    ],
  ],
  [
    ColumnKind.VARIABLE_SCALE_DECIMAL,
    [
      number('scale', ColumnKind.INT, (text) => String(unscaled(text).scale)),
      bytes('value', (text) => twosComplement(unscaled(text).value)),
    ],
  ],
]);

/** The parts of such a column in the order of its schema; null: it is no struct, or one that stays whole. */
export function structParts({ kind, schema }: Column): readonly StructPart[] | null {
  const known = parts.get(kind);
  const names = schema.fields?.map(({ name }) => name).join();
  return known?.map(({ field }) => field).join() === names ? (known ?? null) : null;
}

/** What stands for the part where the column has no value and needs one. */
export function neutralPart({ read, literal }: StructPart, { neutral }: Column): LiteralValue | undefined {
  const text = typeof neutral === 'string' ? read(neutral) : null;
  return text === null ? undefined : literal(text);
}

/** Of one row. A cell that cannot be taken apart is told as one that cannot be written. */
export function readParts(
  parts: readonly StructPart[],
  text: string,
  { tuple, column }: ColumnNode,
  { name, schema }: Column,
): (string | null)[] {
  try {
    return parts.map((part) => part.read(text));
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    const options = { remedy, details: { column: name }, cause: error };
    throw new CellFault(`Column "${name}": ${error.message}`, options, { tuple, column, nullable: schema.optional });
  }
}

function coordinates(text: string): [x: string, y: string] {
  const [, x, y] = /^\(([^,]+),([^)]+)\)$/.exec(text) ?? [];
  if (x === undefined || y === undefined) throw unreadable('point');
  return [x, y];
}

/** A point, least significant byte first. */
function wellKnownBinary(point: readonly number[]): string {
  const binary = Buffer.alloc(21);
  binary.writeUInt8(1, 0);
  binary.writeUInt32LE(1, 1);
  for (const [at, coordinate] of point.entries()) binary.writeDoubleLE(coordinate, 5 + 8 * at);
  return binary.toString('hex');
}

function unscaled(text: string): { readonly value: bigint; readonly scale: number } {
  const [, sign, whole = '', digits = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (sign === undefined) throw unreadable('number');
  const fraction = digits.replace(/0+$/, '');
  return { value: BigInt(`${sign}${whole}${fraction}`), scale: fraction.length };
}

function twosComplement(value: bigint): string {
  let size = 1;
  while (BigInt.asIntN(size * 8, value) !== value) size += 1;
  return BigInt.asUintN(size * 8, value)
    .toString(16)
    .padStart(size * 2, '0');
}

const remedy = 'Correct the row, or leave the column whole.';

function unreadable(what: string): ConnectError {
  return new ConnectError('data.value', `A transform cannot take a ${what} of a row apart.`, {
    remedy,
  });
}
