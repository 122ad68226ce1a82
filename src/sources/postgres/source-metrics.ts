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

/** `millrace_postgres_*`. The row path counts in an array; this carries the differences over about once a second. */
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

  constructor(metrics: Metrics, clock: Clock, labels: Labels) {
    this.#clock = clock;
    this.#connected = metrics.gauge('millrace_postgres_connected', '1 while changes are being streamed.', labels);
    this.#lagMs = metrics.gauge('millrace_postgres_lag_ms', 'Age of the last streamed change; 0 when everything is streamed.', labels);
    this.#lagBytes = metrics.gauge('millrace_postgres_lag_bytes', "Log between the server's end and the confirmed position.", labels);
    this.#retainedBytes = metrics.gauge('millrace_postgres_slot_retained_bytes', 'Log that the server keeps for the slot.', labels);
    this.#secondsLeft = metrics.gauge(
      'millrace_postgres_slot_seconds_left',
      'Forecast of when the server may take the log away from the slot; -1: it comes no closer.',
      labels,
    );
    this.#secondsLeft.set(-1);
    this.#walStatus = walStatuses.map((status) =>
      metrics.gauge('millrace_postgres_slot_wal_status', "1 for the slot's present wal_status.", { ...labels, status }),
    );
    this.#events = opNames.map(([, op]) => metrics.counter('millrace_postgres_events_total', 'Streamed changes.', { ...labels, op }));
  }

  connected(yes: boolean): void {
    this.#connected.set(yes ? 1 : 0);
  }

  /** `secondsLeft` as `SlotForecast.add` gives it. */
  slot(lag: SlotLag, secondsLeft: number | null): void {
    this.#secondsLeft.set(secondsLeft ?? -1);
    this.#lagBytes.set(lag.lagBytes);
    this.#retainedBytes.set(lag.retainedBytes);
    for (const [index, status] of walStatuses.entries()) this.#walStatus[index]?.set(status === lag.walStatus ? 1 : 0);
  }

  /** `counts` by `Op`, ever growing; `commitMicros` of the transaction in progress, null when nothing is pending. */
  stream(counts: Float64Array, commitMicros: number | null): void {
    for (const [index, [op]] of opNames.entries()) {
      const count = counts[op] ?? 0;
      const seen = this.#seen[index] ?? 0;
      if (count > seen) this.#events[index]?.add(count - seen);
      this.#seen[index] = count;
    }
    this.#lagMs.set(commitMicros === null ? 0 : Math.max(0, this.#clock.now() - commitMicros / 1000));
  }

  /** A new stream counts from 0 again. */
  restart(): void {
    this.#seen.fill(0);
  }
}
