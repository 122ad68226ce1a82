import type { CounterCell, GaugeCell, HistogramCell, Metrics } from '../base/metrics.ts';

const latencyBucketsMs = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000];
const recordBuckets = [1, 10, 100, 1000, 5000, 10_000, 20_000, 40_000, 65_536];

/**
 * A task's numbers. The row path counts in plain integers; they reach Prometheus when a batch is committed (or when the
 * task ends). Names beginning with `kafka_connect_` are those that dashboards for Kafka Connect ask for.
 */
export class TaskMetrics {
  /** Changes the source emitted, rejected rows included. */
  emitted = 0;
  filtered = 0;
  failures = 0;
  skipped = 0;
  logged = 0;
  deadLetters = 0;
  readonly #emitted: CounterCell;
  readonly #filtered: CounterCell;
  readonly #failures: CounterCell;
  readonly #deadLetters: CounterCell;
  readonly #records: CounterCell;
  readonly #bytes: CounterCell;
  readonly #commits: CounterCell;
  readonly #resends: CounterCell;
  readonly #batchRecords: HistogramCell;
  readonly #commitMs: HistogramCell;
  readonly #lagMs: GaugeCell;
  readonly #polled: CounterCell;
  readonly #written: CounterCell;
  readonly #recordFailures: CounterCell;
  readonly #recordsSkipped: CounterCell;
  readonly #errorsLogged: CounterCell;
  readonly #deadLetterRequests: CounterCell;

  constructor(metrics: Metrics, connector: string, taskId: number) {
    const labels = { connector, task: String(taskId) };
    const counter = (name: string, help: string): CounterCell => metrics.counter(name, help, labels);
    this.#emitted = counter('millrace_task_changes_total', 'Changes the source emitted.');
    this.#filtered = counter('millrace_task_filtered_total', 'Changes that transforms filtered out.');
    this.#failures = counter('millrace_task_encode_errors_total', 'Changes and rows that could not be converted.');
    this.#deadLetters = counter('millrace_task_dead_letters_total', 'Failures written to the dead letter topic.');
    this.#records = counter('millrace_task_records_total', 'Records committed.');
    this.#bytes = counter('millrace_task_bytes_total', 'Bytes of keys, values and headers committed.');
    this.#commits = counter('millrace_task_commits_total', 'Batches committed.');
    this.#resends = counter('millrace_task_resends_total', 'Commits repeated after an error with the outcome looked up.');
    this.#batchRecords = metrics.histogram('millrace_task_batch_records', 'Records in a committed batch.', labels, recordBuckets);
    this.#commitMs = metrics.histogram('millrace_task_commit_ms', 'Milliseconds from seal to commit.', labels, latencyBucketsMs);
    this.#lagMs = metrics.gauge('millrace_task_source_lag_ms', 'Milliseconds from commit in the source to commit in the sink.', labels);
    this.#polled = counter('kafka_connect_source_task_source_record_poll_total', 'Records the source produced, before transforms.');
    this.#written = counter('kafka_connect_source_task_source_record_write_total', 'Records written, after transforms.');
    this.#recordFailures = counter('kafka_connect_task_error_total_record_failures', 'Record processing failures.');
    this.#recordsSkipped = counter('kafka_connect_task_error_total_records_skipped', 'Records skipped because of errors.');
    this.#errorsLogged = counter('kafka_connect_task_error_total_errors_logged', 'Errors logged.');
    this.#deadLetterRequests = counter('kafka_connect_task_error_deadletterqueue_produce_requests', 'Writes to the dead letter topic.');
  }

  resent(): void {
    this.#resends.add(1);
  }

  committed(records: number, bytes: number, commitMs: number, lagMs: number | null): void {
    this.#records.add(records);
    this.#written.add(records);
    this.#bytes.add(bytes);
    this.#commits.add(1);
    this.#batchRecords.observe(records);
    this.#commitMs.observe(commitMs);
    if (lagMs !== null) this.#lagMs.set(lagMs);
    this.flush();
  }

  flush(): void {
    this.#emitted.add(this.emitted);
    this.#polled.add(this.emitted);
    this.#filtered.add(this.filtered);
    this.#failures.add(this.failures);
    this.#recordFailures.add(this.failures);
    this.#recordsSkipped.add(this.skipped);
    this.#errorsLogged.add(this.logged);
    this.#deadLetters.add(this.deadLetters);
    this.#deadLetterRequests.add(this.deadLetters);
    this.emitted = this.filtered = this.failures = this.skipped = this.logged = this.deadLetters = 0;
  }
}
