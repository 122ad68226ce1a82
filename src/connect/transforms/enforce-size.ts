import { Op } from '../../record/change.ts';
import type { Change } from '../../record/change.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { Column, RowSchema } from '../../record/row-schema.ts';
import type { ColumnNode, FieldNode, Shape } from '../../record/shape.ts';
import { CellState } from '../../record/tuple-view.ts';
import type { Config } from '../config.ts';
import type { ConfigKey, TransformPlugin } from '../plugin.ts';
import type { RowStep, ShapePlan } from '../transform.ts';
import { jsonOfHstore } from './cell-size.ts';
import { DerivedCells } from './derived-cells.ts';
import { findField, withFields } from './part.ts';
import { recordSize } from './record-size.ts';
import { utf8 } from './row-value.ts';

/** Records that are too large by Debezium's estimate have the long texts and bytes of their rows cut, each in proportion. */
export const enforceSizePlugin: TransformPlugin = {
  className: 'io.debezium.transforms.EnforceRecordSize',
  aliases: [],
  configKeys: [
    numberKey('max.bytes', 'INT', undefined, 'How large a record may be.', (value) => value > 0, 'Must be a positive integer'),
    numberKey(
      'compression.ratio',
      'DOUBLE',
      '1.0',
      'The estimate is multiplied by it before it is compared.',
      (value) => value > 0,
      'Must be a positive number',
    ),
    numberKey('min.field.size', 'INT', '25000', 'Fields up to this size stay whole.', (value) => value >= 0, 'Must be non-negative'),
  ],
  create: (config) => new EnforceSize(config),
};

function numberKey(
  name: string,
  type: 'INT' | 'DOUBLE',
  fallback: string | undefined,
  doc: string,
  isFit: (value: number) => boolean,
  complaint: string,
): ConfigKey {
  const importance = fallback === undefined ? 'HIGH' : 'MEDIUM';
  return { name, type, default: fallback, importance, doc, check: (value) => (isFit(Number(value)) ? null : complaint) };
}

/** How the text of a cell is cut: as what it is written, and how long that is. */
interface Cut {
  /** As a field of a record has it: what counts is its length in UTF-16 or bytes. */
  readonly field: (text: string) => string;
  readonly length: (field: string) => number;
  readonly cut: (field: string, length: number) => string;
  readonly kind: ColumnKind;
}

const textCut = {
  length: (field: string) => field.length,
  // Not in the middle of a character.
  cut: (field: string, length: number) => field.slice(0, /[\uD800-\uDBFF]/.test(field[length - 1] ?? '') ? length - 1 : length),
  kind: ColumnKind.STRING,
};

const base64 = (text: string): string => hexOf(text).toString('base64');
const hexOf = (text: string): Buffer => Buffer.from(text.slice(2), 'hex');

const cuts: ReadonlyMap<ColumnKind, Cut> = new Map<ColumnKind, Cut>([
  [ColumnKind.STRING, { ...textCut, field: (text) => text }],
  [ColumnKind.HSTORE_JSON, { ...textCut, field: jsonOfHstore }],
  [ColumnKind.BYTES_BASE64, { ...textCut, field: base64 }],
  [ColumnKind.BYTES_BASE64_URL, { ...textCut, field: (text) => base64(text).replaceAll('+', '-').replaceAll('/', '_') }],
  [ColumnKind.BYTES_HEX_TEXT, { ...textCut, field: (text) => hexOf(text).toString('hex') }],
  [
    ColumnKind.BYTES_HEX,
    {
      field: (text) => text,
      length: (field) => (field.length - 2) / 2,
      cut: (field, length) => field.slice(0, 2 + 2 * length),
      kind: ColumnKind.BYTES_HEX,
    },
  ],
]);

interface Field {
  /** The table's own. */
  readonly node: ColumnNode;
  readonly column: Column;
  readonly cut: Cut;
  readonly image: 'before' | 'after';
}

class EnforceSize {
  readonly #bytesMax: number;
  readonly #ratio: number;
  readonly #fieldMin: number;

  constructor(config: Config) {
    this.#bytesMax = config.int('max.bytes');
    this.#ratio = Number(config.string('compression.ratio'));
    this.#fieldMin = config.int('min.field.size');
  }

  plan(shape: Shape, op: Op): ShapePlan {
    if (op === Op.TOMBSTONE || shape.value.kind !== 'struct') return { shape, step: null };
    const fields = [...fieldsOf(shape, 'before'), ...fieldsOf(shape, 'after')];
    if (fields.length === 0) return { shape, step: null };
    const columns = fields.map(({ column, node, cut }): Column => {
      const { name, neutral } = column;
      return { name, kind: cut.kind, schema: node.schema, scale: -1, neutral, unavailable: writtenOf(column, cut) };
    });
    const cells = new DerivedCells(shape.schema, columns);
    const replaced = new Map(fields.map(({ node }, at) => [node, cells.nodes[at] as ColumnNode]));
    const images = shape.value.fields.map((image): FieldNode => {
      const { name, node } = image;
      if ((name !== 'before' && name !== 'after') || node.kind !== 'struct') return image;
      const changed = withFields(
        node,
        node.fields.map((field) => ({ ...field, node: replaced.get(field.node as ColumnNode) ?? field.node })),
      );
      return { name, node: { ...changed, schema: node.schema } };
    });
    const value = { ...withFields(shape.value, images), schema: shape.value.schema };
    return { shape: { ...shape, schema: cells.schema, value }, step: this.#step(shape, op, fields, cells) };
  }

  #step(shape: Shape, op: Op, fields: readonly Field[], cells: DerivedCells): RowStep {
    const estimate = recordSize(shape, op);
    return (change) => {
      const texts = fields.map((field) => textOf(field, change));
      const size = Math.ceil(estimate(change) * this.#ratio);
      if (size > this.#bytesMax) this.#shorten(fields, texts, size - this.#bytesMax);
      cells.write(change, texts);
      return true;
    };
  }

  /** Each image bears its part of the excess, and each of its long fields a part of that. */
  #shorten(fields: readonly Field[], texts: (string | null | undefined)[], excess: number): void {
    const lengths = fields.map(({ cut, column }, at) => {
      const text = texts[at];
      const told = text === undefined ? writtenOf(column, cut) : text;
      const length = typeof told === 'string' ? cut.length(told) : 0;
      return length > this.#fieldMin ? length : 0;
    });
    const sumOf = (image: Field['image']): number =>
      lengths.reduce((sum, length, at) => sum + (fields[at]?.image === image ? length : 0), 0);
    const [before, after] = [sumOf('before'), sumOf('after')];
    for (const [at, { cut, image }] of fields.entries()) {
      const [length, text] = [lengths[at] ?? 0, texts[at]];
      if (length === 0 || typeof text !== 'string') continue;
      const sum = image === 'before' ? before : after;
      const share = Math.ceil((sum / (before + after)) * excess);
      texts[at] = cut.cut(text, Math.max(0, length - Math.ceil((length / sum) * share)));
    }
  }
}

function fieldsOf(shape: Shape, image: Field['image']): Field[] {
  const row = shape.value.kind === 'struct' ? findField(shape.value, image) : null;
  if (row?.kind !== 'struct') return [];
  return row.fields.flatMap(({ node }) => {
    const column = node.kind === 'column' ? columnOf(node, shape.schema) : null;
    const cut = column === null ? undefined : cuts.get(column.kind);
    return node.kind === 'column' && column !== null && cut !== undefined ? [{ node, column, cut, image }] : [];
  });
}

/** What stands for a value that was not sent: the kinds of text have it as they read it, but for hex. */
function writtenOf({ kind, unavailable }: Column, cut: Cut): string | undefined {
  return unavailable === undefined || kind === ColumnKind.BYTES_HEX_TEXT ? unavailable : cut.field(unavailable);
}

/** Null: what is written is neither text nor bytes. */
function columnOf({ schema, column }: ColumnNode, { columns }: RowSchema): Column | null {
  return schema.type === 'string' || schema.type === 'bytes' ? (columns[column] ?? null) : null;
}

/** Null: no value; undefined: it was not sent. */
function textOf({ node, cut }: Field, change: Change): string | null | undefined {
  const tuple = change.tuple(node.tuple);
  const state = node.column < tuple.count ? tuple.state[node.column] : CellState.ABSENT;
  if (state === CellState.UNCHANGED) return undefined;
  if (state !== CellState.TEXT) return null;
  return cut.field(utf8(tuple.bytes, tuple.start[node.column] as number, tuple.end[node.column] as number));
}
