import type { CounterCell, GaugeCell, Labels, Metrics } from '../../base/metrics.ts';

/** Counts in plain fields per row and tells the registry once per chunk. */
export class CsvMetrics {
  /** Since the source was made. */
  rows = 0;
  rejected = 0;
  /** Bytes of files that wait behind the one being read. */
  waiting = 0;
  readonly #rowCounter: CounterCell;
  readonly #rejectedCounter: CounterCell;
  readonly #byteCounter: CounterCell;
  readonly #lag: GaugeCell;
  #rowsTold = 0;
  #rejectedTold = 0;

  constructor(metrics: Metrics, connector: string) {
    const labels: Labels = { connector };
    this.#rowCounter = metrics.counter('millrace_csv_rows_total', 'Rows read from CSV files', labels);
    this.#rejectedCounter = metrics.counter('millrace_csv_rejected_total', 'Lines of CSV files that are no rows', labels);
    this.#byteCounter = metrics.counter('millrace_csv_bytes_total', 'Bytes read from CSV files', labels);
    this.#lag = metrics.gauge('millrace_csv_lag_bytes', 'Bytes of CSV files still to be read', labels);
  }

  /** After a chunk of `bytes`, in a file of `size` bytes that has been read up to `position`. */
  read(bytes: number, position: number, size: number): void {
    this.#byteCounter.add(bytes);
    this.#rowCounter.add(this.rows - this.#rowsTold);
    this.#rejectedCounter.add(this.rejected - this.#rejectedTold);
    this.#rowsTold = this.rows;
    this.#rejectedTold = this.rejected;
    this.#lag.set(Math.max(0, size - position) + this.waiting);
  }
}
