import { AssertionError } from '../../base/assert.ts';
import { Op } from '../../record/change.ts';
import type { Change } from '../../record/change.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { RowSchema } from '../../record/row-schema.ts';
import type { LiteralValue } from '../../record/schema.ts';
import type { ColumnNode, Node, RegisterNode, Shape, StructNode } from '../../record/shape.ts';
import { CellState } from '../../record/tuple-view.ts';
import { cellSize, isNumber, literalSize, nullSize, valueSize } from './cell-size.ts';
import { findField } from './part.ts';
import { isThere, rowReader, utf8 } from './row-value.ts';

export type RecordSize = (change: Change) => number;

/** An entry of the maps of Kafka Connect's source records, and a header. */
const entrySize = 100;

/** What Debezium estimates for a whole record of this shape and operation before it is written. */
export function recordSize(shape: Shape, op: Op): RecordSize {
  const { key, value, schema, topic } = shape;
  const keySize = key === null ? () => 0 : nodeSize(key, schema);
  const ofValue = nodeSize(value, schema);
  const headers = shape.headers.filter(({ ops }) => ops === null || ops.includes(op));
  const entries = offsetEntries(shape, op);
  // Among the headers that tell of the connector Debezium has one more, of the run.
  const untold = headers.some(({ name }) => name === '__debezium.context.connectorName') ? 1 : 0;
  const fixed = valueSize.reference + Buffer.byteLength(topic) + entrySize * untold;
  return (change) => {
    const told = headers.reduce((count, header) => count + (isThere(header, change) ? 1 : 0), 0);
    return fixed + entrySize * (told + entries(change)) + keySize(change) + ofValue(change);
  };
}

/**
 * How many entries partition and offset have in Debezium: the server's name; time, transaction and position; in the snapshot
 * three that tell of it, in the stream the last commit, the last record, and the kind of message.
 */
function offsetEntries({ value, schema }: Shape, op: Op): (change: Change) => number {
  const source = value.kind === 'struct' ? findField(value, 'source') : null;
  const reader = (name: string): ((change: Change) => unknown) => {
    const node = source?.kind === 'struct' ? findField(source, name) : null;
    return node === null ? () => null : rowReader(node, schema);
  };
  const [xmin, sequence] = [reader('xmin'), reader('sequence')];
  const block = value.kind === 'struct' ? findField(value, 'transaction') : null;
  const transaction = block === null ? () => null : rowReader(block, schema);
  return (change) => {
    const more = (xmin(change) === null ? 0 : 1) + (transaction(change) === null ? 0 : 2);
    // Of the first transaction there is no commit before it.
    const none = op !== Op.READ && String(sequence(change)).startsWith('[null') ? 1 : 0;
    return 7 + more - none;
  };
}

function nodeSize(node: Node, schema: RowSchema): RecordSize {
  switch (node.kind) {
    case 'constant': {
      const size = literalSize(node.schema, node.value);
      return () => size;
    }
    case 'op':
      return () => valueSize.text + 1;
    case 'register':
      return registerSize(node);
    case 'column':
      return columnSize(node, schema);
    case 'struct':
      return structSize(node, schema);
    case 'encoded':
      throw new AssertionError('transforms come before converters');
  }
}

function registerSize({ register, schema }: RegisterNode): RecordSize {
  if (isNumber(schema)) return () => valueSize.number;
  return ({ registers }) => {
    // Defaults do not count.
    if (registers.present[register] === 0) return 0;
    return valueSize.text + (registers.end[register] as number) - (registers.start[register] as number);
  };
}

function structSize(node: StructNode, schema: RowSchema): RecordSize {
  const sizes = node.fields.map((field) => nodeSize(field.node, schema));
  const fixed = valueSize.struct + valueSize.reference * sizes.length;
  return (change) => {
    if (!isThere(node, change)) return 0;
    let sum = fixed;
    for (const size of sizes) sum += size(change);
    return sum;
  };
}

function columnSize({ schema: own, column: at, tuple: ref }: ColumnNode, schema: RowSchema): RecordSize {
  if (isNumber(own)) return () => valueSize.number;
  const column = schema.columns[at];
  if (column === undefined) throw new AssertionError(`no column ${at}`);
  const size = cellSize(column, own);
  const { unavailable, neutral, element = column } = column;
  const ofUnavailable = unavailable === undefined ? 0 : cellSize(column.kind === ColumnKind.REWRITTEN ? element : column, own)(unavailable);
  const ofNull =
    own.optional || neutral === undefined || neutral === null ? nullSize(own) : neutralSize(neutral, own.type, () => size(String(neutral)));
  const isPlain = column.kind === ColumnKind.STRING && own.type === 'string';
  return (change) => {
    const tuple = change.tuple(ref);
    const state = at < tuple.count ? tuple.state[at] : CellState.ABSENT;
    if (state === CellState.UNCHANGED) return ofUnavailable;
    if (state !== CellState.TEXT) return ofNull;
    const [start, end] = [tuple.start[at] as number, tuple.end[at] as number];
    return isPlain ? valueSize.text + end - start : size(utf8(tuple.bytes, start, end));
  };
}

/** Of arrays, maps and structs it is text, in the form that the column has. */
function neutralSize(neutral: NonNullable<LiteralValue>, type: string, ofText: () => number): number {
  if (type === 'string') return valueSize.text + Buffer.byteLength(String(neutral));
  if (type === 'bytes') return valueSize.bytes + (neutral instanceof Uint8Array ? neutral.length : 0);
  return ofText();
}
