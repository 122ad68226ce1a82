import { arrayLiteral } from '../../base/array-literal.ts';
import type { ChangeOutlet } from '../../connect/source.ts';
import { Op, TupleRef, type Change } from '../../record/change.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import { nextRowSchemaId, type Column } from '../../record/row-schema.ts';
import type { Schema } from '../../record/schema.ts';
import type { FieldNode, Node, Shape } from '../../record/shape.ts';
import { CellState } from '../../record/tuple-view.ts';
import { adjustSchemaName } from '../../record/name-adjustment.ts';
import { SourceRegister, type SourceRegisters } from './registers.ts';
import type { PostgresSettings } from './settings.ts';
import { structNode } from '../../record/struct-node.ts';

/** How many changes of one table the transaction in progress has had. */
export interface CollectionCounter {
  readonly name: string;
  count: number;
}

/** What logical decoding messages are counted under. */
export const messageCollection = 'message';

/**
 * `provide.transaction.metadata`: a record for the begin and one for the end of each transaction, on
 * `<prefix>.<topic.transaction>`, and the numbers of the changes in between. What was delivered before a restart is
 * counted again as the server sends it again, so that numbers go on where they stopped.
 */
export class TransactionRecords {
  readonly #change: Change;
  readonly #registers: SourceRegisters;
  readonly #out: ChangeOutlet;
  readonly #shape: Shape;
  readonly #counters = new Map<string, CollectionCounter>();
  /** The counters that the transaction in progress has used, in order. */
  readonly #used: CollectionCounter[] = [];
  #total = 0;
  #bytes = Buffer.alloc(1024);

  constructor(settings: PostgresSettings, change: Change, registers: SourceRegisters, out: ChangeOutlet) {
    this.#change = change;
    this.#registers = registers;
    this.#out = out;
    this.#shape = transactionShape(settings);
    registers.clearOrder();
  }

  declare(): Promise<void> {
    return this.#out.declare(this.#shape);
  }

  /** `name`: `schema.table`. Asked for when a table is described, not per row. */
  counter(name: string): CollectionCounter {
    let counter = this.#counters.get(name);
    if (counter === undefined) {
      counter = { name, count: 0 };
      this.#counters.set(name, counter);
    }
    return counter;
  }

  /** Before the first change of a transaction. */
  begin(xid: number): void {
    for (const counter of this.#used) counter.count = 0;
    this.#used.length = 0;
    this.#total = 0;
    this.#registers.openTransactionId(xid);
  }

  /** One more change, delivered now or before a restart. */
  changed(counter: CollectionCounter): void {
    if (counter.count === 0) this.#used.push(counter);
    counter.count += 1;
    this.#total += 1;
    this.#registers.setOrder(this.#total, counter.count);
  }

  /** Behind the last change, and its end: what comes before the next transaction has no place in this one. */
  end(): void {
    this.#registers.closeTransactionId();
  }

  /** False: stop soon. The registers hold the position of the message already. */
  emitBegin(): boolean {
    return this.#emit('BEGIN', null);
  }

  emitEnd(): boolean {
    this.#registers.setOrder(this.#total, 0);
    const collections = this.#used.map(({ name, count }) => arrayLiteral([name, String(count)]));
    return this.#emit('END', arrayLiteral(collections));
  }

  #emit(status: string, collections: string | null): boolean {
    const change = this.#change;
    const { before, after, related } = change;
    const size = status.length + Buffer.byteLength(collections ?? '');
    if (size > this.#bytes.length) this.#bytes = Buffer.alloc(size * 2);
    this.#bytes.write(status, 0, 'latin1');
    this.#bytes.write(collections ?? '', status.length, 'utf8');
    before.count = 0;
    related.count = 0;
    after.bytes = this.#bytes;
    after.count = columns.length;
    after.state[0] = CellState.TEXT;
    after.start[0] = 0;
    after.end[0] = status.length;
    after.state[1] = collections === null ? CellState.NULL : CellState.TEXT;
    after.start[1] = status.length;
    after.end[1] = size;
    change.schema = this.#shape.schema;
    change.op = Op.READ;
    return this.#out.emit(change);
  }
}

const text: Schema = { type: 'string', optional: false };
const long: Schema = { type: 'int64', optional: false };

const collectionSchema: Schema = {
  type: 'struct',
  optional: true,
  name: 'event.collection',
  version: 1,
  fields: [
    { name: 'data_collection', schema: text },
    { name: 'event_count', schema: long },
  ],
};

const columns: readonly Column[] = [
  { name: 'status', kind: ColumnKind.STRING, schema: text, scale: -1 },
  {
    name: 'data_collections',
    kind: ColumnKind.ARRAY,
    schema: { type: 'array', optional: true, items: collectionSchema },
    scale: -1,
    element: {
      name: 'data_collections',
      kind: ColumnKind.STRUCT,
      schema: collectionSchema,
      scale: -1,
      fields: [
        { name: 'data_collection', kind: ColumnKind.STRING, schema: text, scale: -1 },
        { name: 'event_count', kind: ColumnKind.LONG, schema: long, scale: -1 },
      ],
    },
  },
];

function transactionShape({ records }: PostgresSettings): Shape {
  const topic = records.topics.transactions;
  const idField: FieldNode = {
    name: 'id',
    node: { kind: 'register', schema: text, register: SourceRegister.TRANSACTION_ID, holds: 'text' },
  };
  const column = (index: number): Node => ({
    kind: 'column',
    schema: columns[index]?.schema ?? text,
    tuple: TupleRef.AFTER,
    column: index,
  });
  const name = (part: string): string => adjustSchemaName(`io.debezium.connector.common.TransactionMetadata${part}`, records.schemaNames);
  return {
    topic,
    key: structNode(name('Key'), 1, [idField]),
    value: structNode(name('Value'), 1, [
      { name: 'status', node: column(0) },
      idField,
      {
        name: 'event_count',
        node: { kind: 'register', schema: { ...long, optional: true }, register: SourceRegister.TOTAL_ORDER, holds: 'int64' },
      },
      { name: 'data_collections', node: column(1) },
      { name: 'ts_ms', node: { kind: 'register', schema: long, register: SourceRegister.SOURCE_TS_MS, holds: 'int64' } },
    ]),
    headers: [],
    schema: { id: nextRowSchemaId(), name: topic, columns, key: new Uint16Array(0) },
  };
}
