import { must } from '../../base/assert.ts';
import { ConnectError } from '../../base/errors.ts';
import { failpoint } from '../../base/failpoint.ts';
import type { CounterCell, HistogramCell } from '../../base/metrics.ts';
import type { Config } from '../../connect/config.ts';
import type { Sink, SinkOptions } from '../../connect/sink.ts';
import { ClientConfig } from '../../kafka/client-config.ts';
import { Cluster } from '../../kafka/cluster.ts';
import type { SourceOffset } from '../../record/offset.ts';
import type { RecordBatch } from '../../record/record-batch.ts';
import { recordTooLarge } from './batch-producer.ts';
import { compressionOf } from './compression.ts';
import { partitionOfKey, partitionOfLogicalKey } from '../../kafka/partitioner.ts';
import { ProducerRing } from './producer-ring.ts';
import type { ProducerTurn } from './producer-ring.ts';
import type { EncodedBatch } from './record-batch-writer.ts';
import { RecordBatchWriter } from './record-batch-writer.ts';
import { SinkTopics } from './sink-topics.ts';
import { SourceOffsetLog } from './source-offset-log.ts';

export function createKafkaSink(options: SinkOptions): Sink {
  return new KafkaSink(options);
}

/** What one incarnation holds between `open` and the first failure. */
interface Session {
  readonly cluster: Cluster;
  readonly producers: ProducerRing;
}

const offsetPartitionsDefault = 25;
const requestBytesDefault = 1_048_576;
const commitBucketsMs = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000];

/** Records and offsets in one Kafka transaction per batch. */
class KafkaSink implements Sink {
  readonly #options: SinkOptions;
  readonly #client: ClientConfig;
  readonly #topics: SinkTopics;
  readonly #writer: RecordBatchWriter;
  readonly #offsetWriter: RecordBatchWriter;
  readonly #offsetLog: SourceOffsetLog | null;
  readonly #requestBytesMax: number | null;
  readonly #records: CounterCell;
  readonly #bytes: CounterCell;
  readonly #failures: CounterCell;
  readonly #latency: HistogramCell;
  #session: Session | null = null;
  #warnedOfOldBroker = false;

  constructor(options: SinkOptions) {
    const { cluster, transactionalId, metrics, labels, log } = options;
    this.#options = options;
    this.#client = new ClientConfig(cluster);
    this.#requestBytesMax = cluster.optionalInt('max.request.size');
    this.#topics = new SinkTopics({
      client: this.#client,
      creation: options.topicCreation,
      creationEnabled: options.topicCreationEnabled,
      requestBytesMax: this.#requestBytesMax,
      clock: options.clock,
      log,
    });
    const compression = compressionOf(cluster.optional('compression.type') || 'none');
    const transactional = transactionalId !== null;
    this.#writer = new RecordBatchWriter(partitionerOf(cluster), compression, transactional);
    this.#offsetWriter = new RecordBatchWriter(partitionOfKey, compressionOf('none'), transactional);
    this.#offsetLog = options.offsets.kind === 'kafka' ? new SourceOffsetLog(options.offsets.topic, options.connector) : null;
    const acks = cluster.optional('acks');
    if (acks !== null && acks !== '' && acks !== 'all' && acks !== '-1') {
      log.warn({ acks }, 'acks is ignored: records are acknowledged by all in-sync replicas, as nothing less survives a broker failure');
    }
    this.#records = metrics.counter('millrace_sink_records_total', 'Records committed to Kafka', labels);
    this.#bytes = metrics.counter('millrace_sink_bytes_total', 'Bytes of committed record batches as sent to Kafka', labels);
    this.#failures = metrics.counter('millrace_sink_commit_failures_total', 'Commits that failed', labels);
    this.#latency = metrics.histogram(
      'millrace_sink_commit_ms',
      'Time from commit to the acknowledged end of the transaction, in milliseconds',
      labels,
      commitBucketsMs,
    );
  }

  async open(signal: AbortSignal): Promise<readonly SourceOffset[]> {
    await this.#endSession();
    const { clock, cluster: settings, transactionalId } = this.#options;
    const cluster = new Cluster(this.#client, clock);
    try {
      signal.throwIfAborted();
      await cluster.connect();
      this.#warnOfOldBroker(cluster);
      const producers = new ProducerRing(
        cluster,
        {
          transactionalId,
          timeoutMs: settings.optionalInt('transaction.timeout.ms') ?? 60_000,
          blockMsMax: Math.min(settings.optionalInt('max.block.ms') ?? 60_000, 60_000),
        },
        {
          requestBytesMax: this.#requestBytesMax ?? requestBytesDefault,
          deliveryTimeoutMs: Math.min(settings.optionalInt('delivery.timeout.ms') ?? 120_000, 120_000),
          onBatchTooLarge: ({ topic, bytes }) => this.#topics.lowerLimit(topic, bytes.length),
        },
        clock,
      );
      // Fencing comes first: a zombie could otherwise still commit after we have read the offsets.
      await producers.initialize(signal);
      const stored = await this.#readOffsets(cluster, signal);
      this.#session = { cluster, producers };
      this.#options.log.debug({ transactionalId, offsets: stored.length }, 'kafka sink opened');
      return stored;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  async prepareTopic(topic: string): Promise<void> {
    await this.#topics.prepare(this.#current().cluster, topic);
  }

  async commit(batch: RecordBatch, delayed: (reason: unknown) => void = () => undefined): Promise<void> {
    failpoint('before-commit');
    const session = this.#current();
    const startedMs = this.#options.clock.monotonic();
    // Nothing to commit takes no turn: the first commit is on the first producer.
    if (batch.length === 0 && batch.offsets.length === 0) return;
    const turn = session.producers.next();
    try {
      const bytes = await this.#publish(session.cluster, turn, batch, delayed);
      this.#latency.observe(this.#options.clock.monotonic() - startedMs);
      this.#records.add(batch.length);
      this.#bytes.add(bytes);
    } catch (error) {
      this.#failures.add(1);
      if (this.#session !== session) {
        throw new ConnectError('kafka.transient', `The Kafka sink of connector ${this.#options.connector} was closed during a commit.`, {
          cause: error,
        });
      }
      const failure = await this.#judged(session, turn, error);
      await this.#abandon(turn, error);
      throw failure;
    }
  }

  /** Being fenced is for good, unless it was by a task that started at the same moment and lost: then the sink may be opened again. */
  async #judged({ producers }: Session, turn: ProducerTurn, error: unknown): Promise<unknown> {
    if (!(error instanceof ConnectError) || error.code !== 'kafka.fenced') return error;
    // Where that cannot be found out, it stays fenced.
    if (!(await producers.isLatest(turn).catch(() => false))) return error;
    return new ConnectError(
      'kafka.transient',
      `A task that started together with that of connector ${this.#options.connector} was fenced.`,
      {
        remedy: 'Make sure that only one worker group runs this connector.',
        cause: error,
      },
    );
  }

  async close(): Promise<void> {
    await this.#endSession();
    await this.#topics.close();
  }

  /** Invariant 4: `transaction.end` is the one moment at which records and offsets become visible, all of them. */
  async #publish(
    cluster: Cluster,
    { transaction, producer }: ProducerTurn,
    batch: RecordBatch,
    delayed: (reason: unknown) => void,
  ): Promise<number> {
    const records = batch.length === 0 ? [] : await this.#writer.encode(batch, await this.#topics.targets(cluster, batch.topics));
    this.#checkSizes(records);
    const offsets = await this.#encodeOffsets(cluster, batch.offsets);
    transaction.begin();
    if (this.#options.transactionalId === null) {
      // Without a transaction the order is what keeps an offset from being visible before its records.
      await producer.send(records, delayed);
      await producer.send(offsets, delayed);
    } else {
      await producer.send([...records, ...offsets], delayed);
    }
    failpoint('inside-commit');
    await transaction.end(true, delayed);
    failpoint('after-end-transaction');
    if (this.#options.offsets.kind === 'store') await this.#options.offsets.store.write(this.#options.connector, batch.offsets);
    let bytes = 0;
    for (const encoded of records) bytes += encoded.bytes.length;
    return bytes;
  }

  async #encodeOffsets(cluster: Cluster, offsets: readonly SourceOffset[]): Promise<EncodedBatch[]> {
    if (this.#offsetLog === null || offsets.length === 0) return [];
    const targets = await this.#topics.targets(cluster, [this.#offsetLog.topic]);
    return await this.#offsetWriter.encode(this.#offsetLog.records(offsets, this.#options.clock.now()), targets);
  }

  #checkSizes(batches: readonly EncodedBatch[]): void {
    if (this.#requestBytesMax === null) return;
    for (const { topic, records, bytes } of batches) {
      if (records === 1 && bytes.length > this.#requestBytesMax) throw recordTooLarge(topic, bytes.length, 'max.request.size');
    }
  }

  async #readOffsets(cluster: Cluster, signal: AbortSignal): Promise<readonly SourceOffset[]> {
    const { offsets, connector, clock } = this.#options;
    if (offsets.kind === 'store') return await offsets.store.read(connector);
    const log = must(this.#offsetLog, 'offsets in Kafka have a log');
    await this.#topics.ensureCompacted(cluster, log.topic, offsetPartitionsDefault);
    return await log.read(cluster, clock, signal);
  }

  /**
   * After a failed commit. Where the outcome is certain the transaction is aborted at once, so that readers do not wait
   * for its time-out in case nobody opens this sink again; all else is left to `open`.
   */
  async #abandon({ transaction }: ProducerTurn, error: unknown): Promise<void> {
    const cut = error instanceof ConnectError && error.code === 'kafka.unreachable';
    if (transaction.state === 'open' && !cut) await transaction.end(false).catch(() => undefined);
    await this.#endSession();
  }

  async #endSession(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    if (session === null) return;
    session.producers.fail();
    await session.cluster.close();
  }

  #current(): Session {
    if (this.#session !== null) return this.#session;
    throw new ConnectError('kafka.transient', `The Kafka sink of connector ${this.#options.connector} has to be opened (again) first.`);
  }

  #warnOfOldBroker(cluster: Cluster): void {
    if (this.#options.transactionalId === null || this.#warnedOfOldBroker || cluster.feature('transaction.version') >= 2) return;
    this.#warnedOfOldBroker = true;
    this.#options.log.warn(
      { servers: this.#client.serverNames },
      'the brokers do not have transaction.version 2 (Kafka 4.0): a request delayed in the network can end up in a later transaction',
    );
  }
}

function partitionerOf(settings: Config): typeof partitionOfKey {
  const name = (settings.optional('millrace.partitioner') || 'serialized').toLowerCase();
  if (name === 'serialized') return partitionOfKey;
  if (name === 'logical') return partitionOfLogicalKey;
  throw new ConnectError('config.invalid', `Invalid value ${name} for configuration millrace.partitioner.`, {
    remedy: 'Use serialized or logical.',
  });
}
