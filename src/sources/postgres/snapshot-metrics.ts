import type { Clock, Timer } from '../../base/clock.ts';
import type { GaugeCell, Labels, Metrics } from '../../base/metrics.ts';
import type { AdhocCounts } from './adhoc/adhoc-snapshots.ts';
import type { SnapshotCounts } from './snapshot.ts';

const lookMs = 1000;

/**
 * How the snapshot gets on, under the names that dashboards for Debezium ask for (`debezium_metrics_*` with
 * `context="snapshot"`). The rows are counted by the readers; this looks at them once a second.
 */
export class SnapshotMetrics {
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #labels: Labels;
  #counts: () => SnapshotCounts | null = () => null;
  #beginMs = 0;
  #timer: Timer | null = null;
  /** Of the snapshot beside the stream that is under way: how many tables in all, and how many are left. */
  #adhocTables = 0;
  #adhocRemaining = 0;

  constructor(metrics: Metrics, clock: Clock, labels: Labels) {
    this.#metrics = metrics;
    this.#clock = clock;
    this.#labels = { ...labels, context: 'snapshot' };
    // An earlier start of the task may have read other tables.
    metrics.remove({ connector: labels['connector'] ?? '', context: 'snapshot' });
    this.#state('none');
  }

  /** The stored position says that none is needed. */
  skipped(): void {
    this.#state('skipped');
  }

  begin(counts: () => SnapshotCounts | null): void {
    this.#counts = counts;
    this.#beginMs = this.#clock.monotonic();
    this.#state('running');
    this.#look();
  }

  end(completed: boolean): void {
    this.#timer?.cancel();
    this.#show();
    this.#state(completed ? 'completed' : 'aborted');
    this.#counts = () => null;
  }

  /** Snapshots beside the stream, now. What is behind them stays as it was until the next one begins. */
  adhoc({ remaining, paused, rows }: AdhocCounts): void {
    for (const [table, count] of rows) this.#rows(table, count);
    if (remaining === 0 && this.#adhocTables === 0) return;
    if (this.#adhocTables === 0) this.#beginMs = this.#clock.monotonic();
    // More may have been asked for meanwhile.
    if (remaining > this.#adhocRemaining) this.#adhocTables += remaining - this.#adhocRemaining;
    this.#adhocRemaining = remaining;
    this.#state(remaining > 0 ? 'running' : 'completed');
    this.#gauge('SnapshotPaused', '1 while a snapshot beside the stream is paused.').set(paused && remaining > 0 ? 1 : 0);
    this.#duration();
    this.#tables(this.#adhocTables, remaining);
    if (remaining === 0) this.#adhocTables = 0;
  }

  #state(state: 'none' | 'running' | 'completed' | 'aborted' | 'skipped'): void {
    this.#gauge('SnapshotRunning', '1 while a snapshot is being read.').set(state === 'running' ? 1 : 0);
    this.#gauge('SnapshotCompleted', '1 when the last snapshot of this run was read to its end.').set(state === 'completed' ? 1 : 0);
    this.#gauge('SnapshotAborted', '1 when it was interrupted.').set(state === 'aborted' ? 1 : 0);
    this.#gauge('SnapshotSkipped', '1 when none was needed.').set(state === 'skipped' ? 1 : 0);
  }

  #look(): void {
    this.#timer = this.#clock.after(lookMs, () => this.#look());
    this.#show();
  }

  #show(): void {
    this.#duration();
    const counts = this.#counts();
    if (counts === null) return;
    this.#tables(counts.tables, counts.remaining);
    for (const [table, rows] of counts.rows) this.#rows(table, rows);
  }

  #duration(): void {
    const seconds = (this.#clock.monotonic() - this.#beginMs) / 1000;
    this.#gauge('SnapshotDurationInSeconds', 'How long the snapshot has taken so far.').set(seconds);
  }

  #tables(total: number, remaining: number): void {
    this.#gauge('TotalTableCount', 'Tables of the snapshot.').set(total);
    this.#gauge('RemainingTableCount', 'Tables that are not read to their end.').set(remaining);
  }

  #rows(table: string, rows: number): void {
    const labels = { ...this.#labels, table };
    this.#metrics.gauge('debezium_metrics_RowsScanned', 'Rows read by this run, by table.', labels).set(rows);
  }

  #gauge(name: string, help: string): GaugeCell {
    return this.#metrics.gauge(`debezium_metrics_${name}`, help, this.#labels);
  }
}
