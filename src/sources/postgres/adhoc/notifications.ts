import { randomUUID } from 'node:crypto';

import { arrayLiteral } from '../../../base/array-literal.ts';
import type { Clock } from '../../../base/clock.ts';
import type { Logger } from '../../../base/log.ts';
import type { ChangeOutlet } from '../../../connect/source.ts';
import { Op, TupleRef, type Change } from '../../../record/change.ts';
import { ColumnKind } from '../../../record/column-kind.ts';
import { nextRowSchemaId, type Column } from '../../../record/row-schema.ts';
import type { Schema } from '../../../record/schema.ts';
import type { FieldNode, Shape } from '../../../record/shape.ts';
import { CellState } from '../../../record/tuple-view.ts';
import type { PostgresSettings } from '../settings.ts';
import { structNode } from '../../../record/struct-node.ts';

export type Aggregate = 'Initial Snapshot' | 'Incremental Snapshot';
export type NotificationType =
  | 'STARTED'
  | 'IN_PROGRESS'
  | 'TABLE_SCAN_COMPLETED'
  | 'COMPLETED'
  | 'ABORTED'
  | 'SKIPPED'
  | 'PAUSED'
  | 'RESUMED';

export interface Notification {
  readonly id: string;
  readonly aggregate: Aggregate;
  readonly type: NotificationType;
  readonly data: Readonly<Record<string, string>>;
  readonly timestampMs: number;
}

/**
 * Tells how snapshots get on, as Debezium does: to the log, and as records of a topic, which are committed together with
 * the rows they speak of.
 */
export class Notifications {
  readonly #settings: PostgresSettings;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #shape: Shape | null;
  #waiting: Notification[] = [];
  #declared = false;

  constructor(settings: PostgresSettings, clock: Clock, log: Logger) {
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
    const { channels, topic } = settings.notifications;
    this.#shape = channels.has('sink') && topic !== null ? notificationShape(topic) : null;
  }

  /** `id` null: one of its own. Records come with the next `flush`. */
  add(id: string | null, aggregate: Aggregate, type: NotificationType, data: Readonly<Record<string, string>> = {}): void {
    const notification = {
      id: id ?? randomUUID(),
      aggregate,
      type,
      data: { connector_name: this.#settings.topicPrefix, ...data },
      timestampMs: this.#clock.now(),
    };
    if (this.#settings.notifications.channels.has('log')) this.#log.info({ notification }, `${aggregate}: ${type}`);
    if (this.#shape !== null) this.#waiting.push(notification);
  }

  get waiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** False: nobody asked to be told. */
  get wanted(): boolean {
    return this.#settings.notifications.channels.size > 0;
  }

  async declare(change: Change, out: Pick<ChangeOutlet, 'declare'>): Promise<void> {
    if (this.#shape === null || this.#declared) return;
    await out.declare(this.#shape);
    change.after.reserve(this.#shape.schema.columns.length);
    this.#declared = true;
  }

  /** Between two changes, once declared. False: stop soon. */
  emit(change: Change, out: Pick<ChangeOutlet, 'emit'>): boolean {
    let room = true;
    if (this.#shape === null) return room;
    for (const notification of this.#waiting.splice(0)) {
      fill(change, this.#shape, notification);
      if (!out.emit(change)) room = false;
    }
    return room;
  }

  /** Only between transactions. True: records were emitted. */
  async flush(change: Change, out: ChangeOutlet): Promise<boolean> {
    if (this.#waiting.length === 0) return false;
    await this.declare(change, out);
    if (!this.emit(change, out)) await out.drained();
    return true;
  }
}

function fill(change: Change, shape: Shape, { id, aggregate, type, data, timestampMs }: Notification): void {
  const texts = [id, type, aggregate, arrayLiteral(Object.entries(data).flat()), String(timestampMs)].map((text) =>
    Buffer.from(text, 'utf8'),
  );
  const { before, after, related } = change;
  before.count = 0;
  related.count = 0;
  after.bytes = Buffer.concat(texts);
  after.count = texts.length;
  let at = 0;
  for (const [cell, text] of texts.entries()) {
    after.state[cell] = CellState.TEXT;
    after.start[cell] = at;
    at += text.length;
    after.end[cell] = at;
  }
  change.schema = shape.schema;
  change.op = Op.READ;
  change.timestampMs = timestampMs;
  change.sourceTimeMs = 0;
}

const text: Schema = { type: 'string', optional: false };

function notificationShape(topic: string): Shape {
  const map: Schema = { type: 'map', optional: true, keys: text, items: text };
  const columns: Column[] = [
    { name: 'id', kind: ColumnKind.STRING, schema: text, scale: -1 },
    { name: 'type', kind: ColumnKind.STRING, schema: text, scale: -1 },
    { name: 'aggregate_type', kind: ColumnKind.STRING, schema: text, scale: -1 },
    {
      name: 'additional_data',
      kind: ColumnKind.MAP,
      schema: map,
      scale: -1,
      element: { name: 'additional_data', kind: ColumnKind.STRING, schema: text, scale: -1 },
    },
    { name: 'timestamp', kind: ColumnKind.LONG, schema: { type: 'int64', optional: false }, scale: -1 },
  ];
  const fields = columns.map(({ name, schema }, column): FieldNode => ({
    name,
    node: { kind: 'column', schema, tuple: TupleRef.AFTER, column },
  }));
  return {
    topic,
    key: structNode('io.debezium.connector.common.NotificationKey', 1, fields.slice(0, 1)),
    value: structNode('io.debezium.connector.common.Notification', 1, fields),
    headers: [],
    schema: { id: nextRowSchemaId(), name: topic, columns, key: Uint16Array.of(0) },
  };
}
