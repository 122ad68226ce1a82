import { Op } from '../../record/change.ts';
import type { Change } from '../../record/change.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { Column } from '../../record/row-schema.ts';
import type { Schema } from '../../record/schema.ts';
import type { FieldNode, HeaderNode, Node, Shape } from '../../record/shape.ts';
import { CellState } from '../../record/tuple-view.ts';
import type { TupleView } from '../../record/tuple-view.ts';
import type { Config } from '../config.ts';
import type { TransformPlugin } from '../plugin.ts';
import type { RowStep, ShapePlan } from '../transform.ts';
import { arrayLiteral } from '../../base/array-literal.ts';
import { DerivedText } from './derived-text.ts';
import { findField, stringKey } from './part.ts';

/** Headers that list which columns an update changed and which not, as far as it has its old row; empty lists elsewhere. */
export const changedStatePlugin: TransformPlugin = {
  className: 'io.debezium.transforms.ExtractChangedRecordState',
  aliases: [],
  configKeys: [
    stringKey('header.changed.name', 'Header with the names of changed columns; none without it.', null),
    stringKey('header.unchanged.name', 'Header with the names of unchanged columns; none without it.', null),
  ],
  create: (config) => new ChangedState(config),
};

class ChangedState {
  readonly #headers: readonly { readonly name: string; readonly wantsChanged: boolean }[];

  constructor(config: Config) {
    this.#headers = [
      { name: config.optional('header.changed.name') ?? '', wantsChanged: true },
      { name: config.optional('header.unchanged.name') ?? '', wantsChanged: false },
    ].filter(({ name }) => name !== '');
  }

  plan(shape: Shape, op: Op): ShapePlan {
    const envelope = shape.value.kind === 'struct' && shape.value.schema.name?.endsWith('.Envelope') === true ? shape.value : null;
    const after = envelope === null ? null : findField(envelope, 'after');
    if (after?.kind !== 'struct' || this.#headers.length === 0) return { shape, step: null };
    const before = envelope === null ? null : findField(envelope, 'before');
    const columns = after.fields.flatMap((field) => comparison(field, before?.kind === 'struct' ? findField(before, field.name) : null));
    const texts: { readonly text: DerivedText; readonly wantsChanged: boolean }[] = [];
    const headers: HeaderNode[] = [];
    let { schema } = shape;
    for (const { name, wantsChanged } of this.#headers) {
      const text = new DerivedText(schema, name, listOf(name));
      ({ schema } = text);
      texts.push({ text, wantsChanged });
      headers.push({ name, node: text.node, ops: null, presence: null });
    }
    const step: RowStep = (change) => {
      const isCompared = op === Op.UPDATE && change.before.count > 0;
      for (const { text, wantsChanged } of texts) text.write(change, isCompared ? namesOf(change, columns, wantsChanged) : '{}');
      return true;
    };
    return { shape: { ...shape, schema, headers: [...shape.headers, ...headers] }, step };
  }
}

function listOf(name: string): Pick<Column, 'kind' | 'schema' | 'element'> {
  const items: Schema = { type: 'string', optional: true };
  const element: Column = { name: 'element', kind: ColumnKind.STRING, schema: items, scale: -1 };
  return { kind: ColumnKind.ARRAY, schema: { type: 'array', optional: true, name, items }, element };
}

/** One column of both rows. */
interface Comparison {
  readonly name: string;
  readonly isSame: (change: Change) => boolean;
}

/** A masked column is the same whatever is behind it. */
function comparison({ name, node }: FieldNode, old: Node | null): Comparison[] {
  if (node.kind === 'constant' && old?.kind === 'constant') return [{ name, isSame: () => old.value === node.value }];
  if (node.kind !== 'column' || old?.kind !== 'column') return [];
  return [{ name, isSame: (change) => sameCell(change.tuple(old.tuple), old.column, change.tuple(node.tuple), node.column) }];
}

function namesOf(change: Change, columns: readonly Comparison[], wantsChanged: boolean): string {
  return arrayLiteral(columns.filter(({ isSame }) => isSame(change) !== wantsChanged).map(({ name }) => name));
}

/** An unchanged TOAST value is the same; a column that the old row lacks counts as null there, as in Debezium. */
function sameCell(before: TupleView, from: number, after: TupleView, to: number): boolean {
  const [left, right] = [before.state[from], after.state[to]];
  if (right === CellState.UNCHANGED) return true;
  if (left !== CellState.TEXT || right !== CellState.TEXT) return left !== CellState.TEXT && right !== CellState.TEXT;
  const own = before.bytes.subarray(before.start[from], before.end[from]);
  return Buffer.compare(own, after.bytes.subarray(after.start[to], after.end[to])) === 0;
}
