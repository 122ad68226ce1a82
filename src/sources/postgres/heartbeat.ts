import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { ChangeOutlet } from '../../connect/source.ts';
import { Op, type Change } from '../../record/change.ts';
import { nextRowSchemaId } from '../../record/row-schema.ts';
import type { Schema } from '../../record/schema.ts';
import type { Shape } from '../../record/shape.ts';
import { SourceRegister, type SourceRegisters } from './registers.ts';
import type { SqlSession } from './session.ts';
import type { PostgresSettings } from './settings.ts';
import { structNode } from '../../record/struct-node.ts';

export interface HeartbeatParts {
  readonly settings: PostgresSettings;
  readonly change: Change;
  readonly registers: SourceRegisters;
  readonly out: ChangeOutlet;
  readonly sql: SqlSession;
  readonly clock: Clock;
  readonly log: Logger;
  /** Before each: a record needs a position to be committed with, even one that has been stored before. */
  readonly onBeat: () => void;
}

/**
 * Records on the heartbeat topic while the connector streams, at `heartbeat.interval.ms`, between
 * transactions; and `heartbeat.action.query` with each. The position of a quiet stream moves without them.
 */
export class Heartbeat {
  readonly #parts: HeartbeatParts;
  readonly #shape: Shape;
  #lastMs: number;
  #asking = false;

  constructor(parts: HeartbeatParts) {
    this.#parts = parts;
    this.#shape = heartbeatShape(parts.settings);
    this.#lastMs = parts.clock.monotonic();
  }

  declare(): Promise<void> {
    return this.#parts.out.declare(this.#shape);
  }

  /** Only between transactions, while the outlet takes changes. */
  tick(): void {
    const { settings, change, registers, out, clock, onBeat } = this.#parts;
    const nowMs = clock.monotonic();
    if (nowMs - this.#lastMs < settings.stream.heartbeatIntervalMs) return;
    this.#lastMs = nowMs;
    const timeMs = clock.now();
    registers.setProcessingTime(timeMs);
    change.timestampMs = timeMs;
    change.sourceTimeMs = 0;
    change.schema = this.#shape.schema;
    change.op = Op.READ;
    change.before.count = 0;
    change.after.count = 0;
    change.related.count = 0;
    onBeat();
    out.emit(change);
    out.boundary();
    void this.#ask();
  }

  async #ask(): Promise<void> {
    const { settings, sql, log } = this.#parts;
    const query = settings.stream.heartbeatActionQuery;
    if (query === null || query === '' || this.#asking) return;
    this.#asking = true;
    try {
      await sql.use('running heartbeat.action.query', (client) => client.query(query));
    } catch (error) {
      // The stream itself may be well: whoever reads the log decides.
      log.warn({ err: error }, 'heartbeat.action.query failed');
    } finally {
      this.#asking = false;
    }
  }
}

function heartbeatShape({ topicPrefix, records }: PostgresSettings): Shape {
  const topic = records.topics.heartbeats;
  const text: Schema = { type: 'string', optional: false };
  const long: Schema = { type: 'int64', optional: false };
  return {
    topic,
    key: structNode('io.debezium.connector.common.ServerNameKey', 1, [
      { name: 'serverName', node: { kind: 'constant', schema: text, value: topicPrefix } },
    ]),
    value: structNode('io.debezium.connector.common.Heartbeat', 1, [
      { name: 'ts_ms', node: { kind: 'register', schema: long, register: SourceRegister.TS_MS, holds: 'int64' } },
    ]),
    headers: [],
    // As Debezium says, however many the topic has.
    partition: 0,
    schema: { id: nextRowSchemaId(), name: topic, columns: [], key: new Uint16Array(0) },
  };
}
