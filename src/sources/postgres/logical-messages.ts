import { Op, TupleRef, type Change } from '../../record/change.ts';
import type { ChangeOutlet } from '../../connect/source.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import { nextRowSchemaId, type Column } from '../../record/row-schema.ts';
import type { Schema } from '../../record/schema.ts';
import type { Node, Shape } from '../../record/shape.ts';
import { CellState } from '../../record/tuple-view.ts';
import { watermarkPrefix } from './adhoc/watermarks.ts';
import { buildSource, buildTransaction } from './envelope.ts';
import { accepts } from './name-list.ts';
import { SourceRegister } from './registers.ts';
import type { PostgresSettings } from './settings.ts';
import { structNode } from '../../record/struct-node.ts';
import { bytesType } from './type-map.ts';

const hexDigits = Buffer.from('0123456789abcdef', 'latin1');

/**
 * What `pg_logical_emit_message` brings, as records on `<prefix>.message`. The topic comes into being with the first
 * message. A message is copied when it arrives, so that it can wait for that.
 */
export class LogicalMessages {
  readonly #settings: PostgresSettings;
  readonly #change: Change;
  readonly #out: ChangeOutlet;
  readonly #shape: Shape;
  #bytes = new Uint8Array(1024);
  #prefixEnd = 0;
  #contentEnd = 0;
  #declared = false;

  constructor(settings: PostgresSettings, change: Change, out: ChangeOutlet) {
    this.#settings = settings;
    this.#change = change;
    this.#out = out;
    this.#shape = messageShape(settings);
  }

  get declared(): boolean {
    return this.#declared;
  }

  accepts(prefix: string): boolean {
    return prefix !== watermarkPrefix && accepts(this.#settings.records.messagePrefixes, prefix);
  }

  async declare(): Promise<void> {
    await this.#out.declare(this.#shape);
    this.#declared = true;
  }

  /** Keeps a copy until `emit`. */
  hold(prefix: string, frame: Uint8Array, start: number, end: number): void {
    const utf8 = Buffer.from(prefix, 'utf8');
    const size = utf8.length + 2 + (end - start) * 2;
    if (size > this.#bytes.length) this.#bytes = new Uint8Array(size);
    const bytes = this.#bytes;
    bytes.set(utf8);
    let at = utf8.length;
    this.#prefixEnd = at;
    bytes[at++] = 0x5c;
    bytes[at++] = 0x78;
    for (let from = start; from < end; from += 1) {
      const byte = frame[from] as number;
      bytes[at++] = hexDigits[byte >> 4] as number;
      bytes[at++] = hexDigits[byte & 15] as number;
    }
    this.#contentEnd = at;
  }

  /** False: stop soon. The registers hold the message's position already. */
  emit(): boolean {
    const change = this.#change;
    const { before, after, related } = change;
    before.count = 0;
    related.count = 0;
    after.reserve(2);
    after.bytes = this.#bytes;
    after.count = 2;
    after.state.fill(CellState.TEXT, 0, 2);
    after.start[0] = 0;
    after.end[0] = this.#prefixEnd;
    after.start[1] = this.#prefixEnd;
    after.end[1] = this.#contentEnd;
    change.schema = this.#shape.schema;
    change.op = Op.MESSAGE;
    return this.#out.emit(change);
  }
}

function messageShape(settings: PostgresSettings): Shape {
  const topic = settings.records.topics.messages;
  const content = bytesType(settings.types);
  const columns: Column[] = [
    { name: 'prefix', kind: ColumnKind.STRING, schema: optionalText, scale: -1 },
    { name: 'content', kind: content.kind, schema: { ...content.schema, optional: true }, scale: -1 },
  ];
  const column = (index: number): { name: string; node: Node } => ({
    name: columns[index]?.name ?? '',
    node: { kind: 'column', schema: columns[index]?.schema ?? optionalText, tuple: TupleRef.AFTER, column: index },
  });
  return {
    topic,
    key: structNode('io.debezium.connector.postgresql.MessageKey', 1, [column(0)]),
    value: structNode('io.debezium.connector.postgresql.MessageValue', 1, [
      { name: 'op', node: { kind: 'op', schema: { type: 'string', optional: false } } },
      {
        name: 'ts_ms',
        node: { kind: 'register', schema: { type: 'int64', optional: true }, register: SourceRegister.TS_MS, holds: 'int64' },
      },
      { name: 'source', node: buildSource(settings, '', '') },
      { name: 'transaction', node: buildTransaction(settings) },
      { name: 'message', node: structNode('io.debezium.connector.postgresql.Message', 1, [column(0), column(1)]) },
    ]),
    headers: [],
    schema: { id: nextRowSchemaId(), name: topic, columns, key: Uint16Array.of(0) },
  };
}

const optionalText: Schema = { type: 'string', optional: true };
