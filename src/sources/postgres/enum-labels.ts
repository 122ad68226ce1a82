import { CellState, type TupleView } from '../../record/tuple-view.ts';
import { ByteRegister } from '../../text/value-register.ts';
import type { TypeCatalog, TypeInfo } from './type-catalog.ts';
import type { TypeSettings } from './type-settings.ts';

/** Where labels stand in the text of a value. */
export type LabelPlace =
  /** The text is one of these. */
  | { readonly kind: 'label'; readonly labels: Uint8Array[] }
  /** `{a,"b c",NULL}`, with any number of dimensions and bounds before them. */
  | { readonly kind: 'array'; readonly inner: LabelPlace }
  /** `(a,"b c",)`. By number of fields what each of them holds; null: no label. */
  | { readonly kind: 'row'; readonly fields: ReadonlyMap<number, readonly (LabelPlace | null)[]> }
  /** `[a,b)`, or `empty`. */
  | { readonly kind: 'range'; readonly inner: LabelPlace }
  /** `{[a,b),[c,d)}` */
  | { readonly kind: 'multirange'; readonly inner: LabelPlace };

export interface LabelColumn {
  readonly column: number;
  readonly place: LabelPlace;
}

/**
 * The labels that the schema of a table lists. Nothing in the stream tells of `ALTER TYPE ... ADD VALUE`, so the rows are looked at:
 * a label that is not known means that the type has to be read again.
 */
export class EnumLabels {
  readonly #columns: readonly LabelColumn[];

  constructor(columns: readonly LabelColumn[]) {
    this.#columns = columns;
  }

  /** `typeOids`: of the columns as they are sent; `columnOf`: where they are in a tuple, or -1. Null: no enum among them. */
  static of(typeOids: readonly number[], columnOf: Int16Array, types: TypeCatalog, settings: TypeSettings): EnumLabels | null {
    const places = new PlaceFinder(types, settings);
    const columns: LabelColumn[] = [];
    for (const [wire, oid] of typeOids.entries()) {
      const column = columnOf[wire] ?? -1;
      const place = column < 0 ? null : places.of(oid);
      if (place !== null) columns.push({ column, place });
    }
    return columns.length === 0 ? null : new EnumLabels(columns);
  }

  /** Nothing is made here: it is called for every new row. */
  lists(row: TupleView): boolean {
    for (let index = 0; index < this.#columns.length; index += 1) {
      const { column, place } = this.#columns[index] as LabelColumn;
      if (row.state[column] !== CellState.TEXT) continue;
      if (!isKnown(place, row.bytes, row.start[column] as number, row.end[column] as number, 0, false)) return false;
    }
    return true;
  }

  /** What this row has is not asked for again, even where the server does not list it any more: a label that was renamed since. */
  learn(row: TupleView): void {
    for (const { column, place } of this.#columns) {
      if (row.state[column] === CellState.TEXT) {
        isKnown(place, row.bytes, row.start[column] as number, row.end[column] as number, 0, true);
      }
    }
  }
}

class PlaceFinder {
  readonly #types: TypeCatalog;
  readonly #settings: TypeSettings;
  /** One list for each type, wherever it stands. */
  readonly #labels = new Map<number, Uint8Array[]>();

  constructor(types: TypeCatalog, settings: TypeSettings) {
    this.#types = types;
    this.#settings = settings;
  }

  /** Null: no schema of it lists labels. */
  of(oid: number): LabelPlace | null {
    const type = this.#types.get(oid);
    if (type === null) return null;
    if (type.kind === 'domain') return this.of(type.baseOid);
    if (type.elementOid !== 0) return this.#around('array', type.elementOid);
    if (type.kind === 'enum') return { kind: 'label', labels: this.#labelsOf(type) };
    if (type.kind === 'composite' && this.#settings.composites === 'struct') return this.#row(type);
    const isBetween = type.kind === 'range' || type.kind === 'multirange';
    return isBetween && this.#settings.ranges === 'struct' ? this.#around(type.kind, type.rangeOf) : null;
  }

  #around(kind: 'array' | 'range' | 'multirange', oid: number): LabelPlace | null {
    const inner = this.of(oid);
    return inner === null ? null : { kind, inner };
  }

  #row({ attributes, versions }: TypeInfo): LabelPlace | null {
    const places = new Map(attributes.map((attribute) => [attribute.number, attribute.dropped ? null : this.of(attribute.typeOid)]));
    if ([...places.values()].every((place) => place === null)) return null;
    return {
      kind: 'row',
      fields: new Map(versions.map((numbers) => [numbers.length, numbers.map((number) => places.get(number) ?? null)])),
    };
  }

  #labelsOf({ oid, labels }: TypeInfo): Uint8Array[] {
    const known = this.#labels.get(oid) ?? labels.map((label) => Buffer.from(label));
    this.#labels.set(oid, known);
    return known;
  }
}

const brace = 0x7b;
const endBrace = 0x7d;
const parenthesis = 0x28;
const endParenthesis = 0x29;
const endBracket = 0x5d;
const comma = 0x2c;
const quote = 0x22;
const backslash = 0x5c;
const nullText = Buffer.from('NULL');
const emptyText = Buffer.from('empty');

/** What stands in quotes, without them: by depth, each used again for the next value of that depth. */
const plain: ByteRegister[] = [];

/** `learns`: takes what is not known. */
function isKnown(place: LabelPlace, bytes: Uint8Array, start: number, end: number, depth: number, learns: boolean): boolean {
  switch (place.kind) {
    case 'label':
      return isListed(place.labels, bytes, start, end) || (learns && take(place.labels, bytes, start, end));
    case 'array':
      return inArray(place.inner, bytes, start, end, depth, learns);
    case 'row':
      return inRow(place.fields, bytes, start, end, depth, learns);
    case 'range':
      return isText(emptyText, bytes, start, end) || inList(place.inner, bytes, start + 1, end - 1, depth, learns);
    case 'multirange':
      return inMultirange(place.inner, bytes, start, end, depth, learns);
  }
}

function inArray(inner: LabelPlace, bytes: Uint8Array, start: number, end: number, depth: number, learns: boolean): boolean {
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
      at = unquote(bytes, at, end, depth);
      if (!inPlain(inner, depth, learns)) return false;
      continue;
    }
    while (at < end && bytes[at] !== comma && bytes[at] !== endBrace) at += 1;
    if (!isText(nullText, bytes, from, at) && !isKnown(inner, bytes, from, at, depth, learns)) return false;
  }
  return true;
}

/** A text that has another number of fields is none of this type, which whoever reads it says. */
function inRow(
  layouts: ReadonlyMap<number, readonly (LabelPlace | null)[]>,
  bytes: Uint8Array,
  start: number,
  end: number,
  depth: number,
  learns: boolean,
): boolean {
  if (bytes[start] !== parenthesis) return true;
  const fields = layouts.get(countFields(bytes, start + 1, end - 1));
  if (fields === undefined) return true;
  let at = start + 1;
  for (let index = 0; index < fields.length; index += 1) {
    const place = fields[index] as LabelPlace | null;
    const stop = fieldEnd(bytes, at, end - 1);
    if (place !== null && !inField(place, bytes, at, stop, depth, learns)) return false;
    at = stop + 1;
  }
  return true;
}

/** Fields, or bounds, that all hold the same. */
function inList(inner: LabelPlace, bytes: Uint8Array, start: number, end: number, depth: number, learns: boolean): boolean {
  for (let at = start; at < end; at += 1) {
    const stop = fieldEnd(bytes, at, end);
    if (!inField(inner, bytes, at, stop, depth, learns)) return false;
    at = stop;
  }
  return true;
}

function inField(place: LabelPlace, bytes: Uint8Array, start: number, end: number, depth: number, learns: boolean): boolean {
  if (start >= end) return true;
  if (bytes[start] !== quote) return isKnown(place, bytes, start, end, depth, learns);
  unquote(bytes, start, end, depth);
  return inPlain(place, depth, learns);
}

function inMultirange(inner: LabelPlace, bytes: Uint8Array, start: number, end: number, depth: number, learns: boolean): boolean {
  let quoted = false;
  let from = start + 1;
  for (let at = from; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte === quote) quoted = !quoted;
    else if (byte === backslash) at += 1;
    else if (byte === comma && !quoted && from === at) from += 1;
    else if ((byte === endParenthesis || byte === endBracket) && !quoted) {
      if (!isKnown(inner, bytes, from, at + 1, depth, learns)) return false;
      from = at + 1;
    }
  }
  return true;
}

/** Where the comma behind the field is, or the end. */
function fieldEnd(bytes: Uint8Array, start: number, end: number): number {
  let quoted = false;
  let at = start;
  for (; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte === quote) quoted = !quoted;
    else if (byte === backslash) at += 1;
    else if (byte === comma && !quoted) break;
  }
  return Math.min(at, end);
}

function countFields(bytes: Uint8Array, start: number, end: number): number {
  let count = 1;
  for (let at = fieldEnd(bytes, start, end); at < end; at = fieldEnd(bytes, at + 1, end)) count += 1;
  return count;
}

/** Fills the register of this depth with what stands in the quotes that open at `start`; answers what is behind them. */
function unquote(bytes: Uint8Array, start: number, end: number, depth: number): number {
  plain[depth] ??= new ByteRegister();
  const into = plain[depth];
  into.length = 0;
  let at = start + 1;
  for (; at < end; at += 1) {
    let byte = bytes[at] as number;
    if (byte === quote) {
      // Doubled it stands for itself; in arrays nothing but a separator follows the end.
      if (bytes[at + 1] !== quote || at + 1 >= end) return at + 1;
      at += 1;
    } else if (byte === backslash && at + 1 < end) byte = bytes[++at] as number;
    into.push(byte);
  }
  return at;
}

function inPlain(place: LabelPlace, depth: number, learns: boolean): boolean {
  const { bytes, length } = plain[depth] as ByteRegister;
  return isKnown(place, bytes, 0, length, depth + 1, learns);
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

function take(labels: Uint8Array[], bytes: Uint8Array, start: number, end: number): true {
  labels.push(bytes.slice(start, end));
  return true;
}
