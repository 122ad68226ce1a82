import type { CounterCell, GaugeCell, Labels, Metrics } from '../../base/metrics.ts';
import type { Clock } from '../../base/clock.ts';
import { Op } from '../../record/change.ts';

const walStatuses = ['reserved', 'extended', 'unreserved', 'lost'] as const;

export interface SlotLag {
  /** Bytes of log between the server's end and what is confirmed. */
  readonly lagBytes: number;
  /** Bytes of log that the server keeps for the slot. */
  readonly retainedBytes: number;
  readonly walStatus: string | null;
  /** Bytes that may still be written before the slot is in danger (`safe_wal_size`); null: without limit. */
  readonly safeBytes: number | null;
}

const opNames: readonly (readonly [Op, string])[] = [
  [Op.CREATE, 'create'],
  [Op.UPDATE, 'update'],
  [Op.DELETE, 'delete'],
  [Op.TRUNCATE, 'truncate'],
];

/**
 * `millrace_postgres_*`, and under the names that dashboards for Debezium ask for `debezium_metrics_*` with
 * `context="streaming"`. The row path counts in an array; this carries the differences over about once a second.
 */
export class SourceMetrics {
  readonly #clock: Clock;
  readonly #connected: GaugeCell;
  readonly #lagMs: GaugeCell;
  readonly #lagBytes: GaugeCell;
  readonly #retainedBytes: GaugeCell;
  readonly #secondsLeft: GaugeCell;
  readonly #walStatus: readonly GaugeCell[];
  readonly #events: readonly CounterCell[];
  readonly #seen = new Float64Array(opNames.length);
  readonly #debezium: (name: string) => GaugeCell;
  readonly #totals = new Float64Array(opNames.length);
  #lastEventMs: number | null = null;

  /** `labels`: what both kinds have; `debezium`: what the second has besides. */
  constructor(metrics: Metrics, clock: Clock, labels: Labels, debezium: Labels) {
    this.#clock = clock;
    // An earlier start of the task may have counted under another prefix.
    metrics.remove({ ...labels, context: 'streaming' });
    const streaming = { ...labels, ...debezium, context: 'streaming' };
    this.#debezium = (name) => metrics.gauge(`debezium_metrics_${name}`, `Debezium's ${name}.`, streaming);
    this.#connected = metrics.gauge('millrace_postgres_connected', '1 while changes are being streamed.', labels);
    this.#lagMs = metrics.gauge('millrace_postgres_lag_ms', 'Age of the last streamed change; 0 when everything is streamed.', labels);
    this.#lagBytes = metrics.gauge('millrace_postgres_lag_bytes', "Log between the server's end and the confirmed position.", labels);
    this.#retainedBytes = metrics.gauge('millrace_postgres_slot_retained_bytes', 'Log that the server keeps for the slot.', labels);
    this.#secondsLeft = metrics.gauge(
      'millrace_postgres_slot_seconds_left',
      'Forecast of when the server may take the log away from the slot; 0: it may at its next checkpoint, or has; -1: it comes no closer.',
      labels,
    );
    this.#secondsLeft.set(-1);
    this.#walStatus = walStatuses.map((status) =>
      metrics.gauge('millrace_postgres_slot_wal_status', "1 for the slot's present wal_status.", { ...labels, status }),
    );
    this.#events = opNames.map(([, op]) => metrics.counter('millrace_postgres_events_total', 'Streamed changes.', { ...labels, op }));
    this.stream(new Float64Array(0), null);
  }

  connected(yes: boolean): void {
    this.#connected.set(yes ? 1 : 0);
    this.#debezium('Connected').set(yes ? 1 : 0);
  }

  /** `secondsLeft` as `SlotForecast.add` gives it; 0 of a lost slot. */
  slot(lag: SlotLag, secondsLeft: number | null): void {
    this.#secondsLeft.set(secondsLeft ?? -1);
    this.#lagBytes.set(lag.lagBytes);
    this.#retainedBytes.set(lag.retainedBytes);
    for (const [index, status] of walStatuses.entries()) this.#walStatus[index]?.set(status === lag.walStatus ? 1 : 0);
  }

  /** `counts` by `Op`, ever growing; `commitMicros` of the transaction in progress, null when nothing is pending. */
  stream(counts: Float64Array, commitMicros: number | null): void {
    const nowMs = this.#clock.now();
    for (const [index, [op]] of opNames.entries()) {
      const count = counts[op] ?? 0;
      const more = count - (this.#seen[index] ?? 0);
      this.#seen[index] = count;
      if (more <= 0) continue;
      this.#events[index]?.add(more);
      this.#totals[index] = (this.#totals[index] ?? 0) + more;
      this.#lastEventMs = nowMs;
    }
    const lagMs = commitMicros === null ? 0 : Math.max(0, nowMs - commitMicros / 1000);
    this.#lagMs.set(lagMs);
    this.#showDebezium(nowMs, lagMs);
  }

  #showDebezium(nowMs: number, lagMs: number): void {
    const [creates = 0, updates = 0, deletes = 0] = this.#totals;
    this.#debezium('TotalNumberOfEventsSeen').set(this.#totals.reduce((sum, count) => sum + count, 0));
    this.#debezium('TotalNumberOfCreateEventsSeen').set(creates);
    this.#debezium('TotalNumberOfUpdateEventsSeen').set(updates);
    this.#debezium('TotalNumberOfDeleteEventsSeen').set(deletes);
    this.#debezium('MilliSecondsBehindSource').set(lagMs);
    this.#debezium('MilliSecondsSinceLastEvent').set(this.#lastEventMs === null ? -1 : nowMs - this.#lastEventMs);
  }

  /** A new stream counts from 0 again. */
  restart(): void {
    this.#seen.fill(0);
  }
}
