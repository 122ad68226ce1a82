import { quotedText } from '../../base/array-literal.ts';
import { CellState, type TupleView } from '../../record/tuple-view.ts';
import type { TypeCatalog, TypeInfo } from './type-catalog.ts';

interface EnumColumn {
  readonly column: number;
  readonly isArray: boolean;
  /** As they stand in the text of a value. */
  readonly labels: Uint8Array[];
}

/**
 * The labels that the schema of a table lists. Nothing in the stream tells of `ALTER TYPE ... ADD VALUE`, so the rows are looked at:
 * a label that is not known means that the type has to be read again.
 */
export class EnumLabels {
  readonly #columns: readonly EnumColumn[];

  constructor(columns: readonly EnumColumn[]) {
    this.#columns = columns;
  }

  /** `typeOids`: of the columns as they are sent; `columnOf`: where they are in a tuple, or -1. Null: no enum among them. */
  static of(typeOids: readonly number[], columnOf: Int16Array, types: TypeCatalog): EnumLabels | null {
    const columns: EnumColumn[] = [];
    for (const [wire, oid] of typeOids.entries()) {
      const column = columnOf[wire] ?? -1;
      const type = baseOf(oid, types);
      const element = type === null || type.elementOid === 0 ? null : baseOf(type.elementOid, types);
      const found = element ?? type;
      if (column < 0 || found?.kind !== 'enum') continue;
      const isArray = element !== null;
      columns.push({ column, isArray, labels: found.labels.map((label) => Buffer.from(isArray ? elementText(label) : label)) });
    }
    return columns.length === 0 ? null : new EnumLabels(columns);
  }

  /** Nothing is made here: it is called for every new row. */
  lists(row: TupleView): boolean {
    for (let index = 0; index < this.#columns.length; index += 1) {
      const each = this.#columns[index] as EnumColumn;
      if (row.state[each.column] === CellState.TEXT && !inCell(each, row, null)) return false;
    }
    return true;
  }

  /** What this row has is not asked for again, even where the server does not list it any more: a label that was renamed since. */
  learn(row: TupleView): void {
    for (const each of this.#columns) if (row.state[each.column] === CellState.TEXT) inCell(each, row, each.labels);
  }
}

function baseOf(oid: number, types: TypeCatalog): TypeInfo | null {
  const type = types.get(oid);
  return type?.kind === 'domain' ? baseOf(type.baseOid, types) : type;
}

/** A label as an element of an array, quoted where Postgres does. */
function elementText(label: string): string {
  if (label !== '' && !/[{}",\\\s]/.test(label) && label.toUpperCase() !== 'NULL') return label;
  return quotedText(label);
}

/** `learned`: takes what is not known. */
function inCell({ column, isArray, labels }: EnumColumn, row: TupleView, learned: Uint8Array[] | null): boolean {
  const start = row.start[column] as number;
  const end = row.end[column] as number;
  if (isArray) return inArray(labels, row.bytes, start, end, learned);
  return isListed(labels, row.bytes, start, end) || (learned !== null && take(learned, row.bytes, start, end));
}

const brace = 0x7b;
const endBrace = 0x7d;
const comma = 0x2c;
const quote = 0x22;
const backslash = 0x5c;
const nullText = Buffer.from('NULL');

/** `{a,"b c",NULL}`, with any number of dimensions and bounds before them. */
function inArray(labels: Uint8Array[], bytes: Uint8Array, start: number, end: number, learned: Uint8Array[] | null): boolean {
  let at = start;
  while (at < end && bytes[at] !== brace) at += 1;
  while (at < end) {
    const first = bytes[at] as number;
    if (first === brace || first === endBrace || first === comma) {
      at += 1;
      continue;
    }
    const from = at;
    if (first === quote) {
      for (at += 1; at < end && bytes[at] !== quote; at += 1) if (bytes[at] === backslash) at += 1;
      at += 1;
    } else while (at < end && bytes[at] !== comma && bytes[at] !== endBrace) at += 1;
    if (isListed(labels, bytes, from, at) || isText(nullText, bytes, from, at)) continue;
    if (learned === null) return false;
    take(learned, bytes, from, at);
  }
  return true;
}

function isListed(labels: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): boolean {
  for (let index = 0; index < labels.length; index += 1) if (isText(labels[index] as Uint8Array, bytes, start, end)) return true;
  return false;
}

function isText(text: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let at = 0; at < text.length; at += 1) if (text[at] !== bytes[start + at]) return false;
  return true;
}

function take(learned: Uint8Array[], bytes: Uint8Array, start: number, end: number): true {
  learned.push(bytes.slice(start, end));
  return true;
}
