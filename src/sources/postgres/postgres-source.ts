import type { Client } from 'pg';

import { ConnectError } from '../../base/errors.ts';
import type { SourceContext } from '../../connect/plugin.ts';
import type { ChangeOutlet, Source } from '../../connect/source.ts';
import type { SourceOffset } from '../../record/offset.ts';
import { loadTables, TypeCatalog } from './catalog.ts';
import { formatLsn } from './lsn.ts';
import { findOffset, formatPosition, offsetPartition, parsePosition, startPoint, type ResumePoint } from './position.ts';
import { checkServer, connectReplication } from './preflight.ts';
import { ensurePublication, publishedTables } from './publication.ts';
import { SessionFactory, SqlSession } from './session.ts';
import { parseSettings, type PostgresSettings } from './settings.ts';
import { acquireSlot, dropSlot, inspectSlot, slotInUse, slotLag, type SnapshotSlot } from './slot.ts';
import { SourceMetrics } from './source-metrics.ts';
import { sqlError } from './sql-error.ts';
import { planStart, type StartPlan } from './start-plan.ts';
import type { StartContext } from './start-context.ts';
import { StreamRun } from './stream-run.ts';
import { TableFilter } from './table-filter.ts';

const slotPollMs = 5000;
const slotRetryMs = 500;

/** Where the position comes from at the moment. */
interface Positioned {
  readonly version: number;
  snapshot(): ResumePoint;
}

/** Postgres by logical replication: preflight, snapshot, stream, one START_REPLICATION at a time. */
export class PostgresSource implements Source {
  readonly #context: SourceContext;
  readonly #settings: PostgresSettings;
  readonly #sessions: SessionFactory;
  readonly #sql: SqlSession;
  readonly #metrics: SourceMetrics;
  readonly #partition: SourceOffset['partition'];
  #systemId = '';
  #positioned: Positioned | null = null;
  #reportedVersion = -1;
  #stream: StreamRun | null = null;
  #polledMs = -Infinity;

  constructor(context: SourceContext) {
    this.#context = context;
    this.#settings = parseSettings(context.connector, context.config);
    this.#sessions = new SessionFactory(this.#settings.connection, `millrace ${context.connector}`);
    this.#sql = new SqlSession(this.#sessions);
    this.#metrics = new SourceMetrics(context.metrics, context.clock, { connector: context.connector });
    this.#partition = offsetPartition(this.#settings.topicPrefix);
  }

  async run(resumeFrom: readonly SourceOffset[], out: ChangeOutlet, signal: AbortSignal): Promise<void> {
    await this.#closeStream();
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const work = this.#run(resumeFrom, out, signal);
    // An abort ends the run at once, whatever the server takes its time for; the work then ends by itself.
    work.catch(() => {});
    await Promise.race([work, aborted]);
  }

  position(): readonly SourceOffset[] {
    const positioned = this.#positioned;
    if (positioned === null || positioned.version === this.#reportedVersion) return [];
    this.#reportedVersion = positioned.version;
    return [{ partition: this.#partition, offset: formatPosition(positioned.snapshot(), this.#systemId) }];
  }

  /** Invariant 1: called with what the sink has committed; only then may the server forget it. */
  confirm(offsets: readonly SourceOffset[]): void {
    const offset = findOffset(offsets, this.#settings.topicPrefix);
    if (offset !== null) this.#stream?.confirm(parsePosition(offset).point.lsnCommit);
  }

  async close(): Promise<void> {
    await this.#closeStream();
    try {
      if (this.#settings.slot.dropOnStop && this.#systemId !== '') await dropSlot(await this.#sql.client(), this.#settings.slot.name);
    } catch (error) {
      throw sqlError(error, this.#sessions.context(`dropping the slot "${this.#settings.slot.name}"`));
    } finally {
      await this.#sql.close();
    }
  }

  async #run(resumeFrom: readonly SourceOffset[], out: ChangeOutlet, signal: AbortSignal): Promise<void> {
    let replication: Client | null = null;
    try {
      replication = await connectReplication(this.#sessions, this.#settings.connection.user);
      const start = await this.#preflight(replication);
      if (signal.aborted) return;
      const offset = findOffset(resumeFrom, this.#settings.topicPrefix);
      const slot = await inspectSlot(await this.#sql.client(), this.#settings.slot.name);
      const plan = planStart(this.#settings, { offset, slot, server: start.server });
      const point = await this.#prepare(plan, start, replication, out, signal);
      await replication.end();
      if (point === null || signal.aborted) return;
      await this.#follow(start, point, out, signal);
    } catch (error) {
      if (signal.aborted) return;
      throw sqlError(error, this.#sessions.context('starting'));
    } finally {
      await replication?.end().catch(() => {});
    }
  }

  async #preflight(replication: Client): Promise<StartContext> {
    const settings = this.#settings;
    const client = await this.#sql.client();
    const server = await checkServer(client, replication);
    this.#systemId = server.systemId;
    const filter = new TableFilter(settings);
    const captured = await loadTables(client, { accepts: (schema, table) => filter.acceptsTable(schema, table) });
    await ensurePublication(
      client,
      settings,
      captured.filter((table) => table.logged),
      this.#context.log,
    );
    const published = new Set((await publishedTables(client, settings.publication.name)).map((table) => `${table.schema}\0${table.name}`));
    const tables = captured.filter((table) => published.has(`${table.schema}\0${table.name}`));
    const types = await TypeCatalog.load(client);
    return { settings, source: this.#context, sessions: this.#sessions, sql: this.#sql, filter, types, server, tables };
  }

  /** Everything before the stream; null when nothing is to be streamed. */
  async #prepare(
    plan: StartPlan,
    start: StartContext,
    replication: Client,
    out: ChangeOutlet,
    signal: AbortSignal,
  ): Promise<ResumePoint | null> {
    const { log } = this.#context;
    switch (plan.kind) {
      case 'done':
        log.info('the snapshot is complete and snapshot.mode is "initial_only": nothing is left to do');
        return null;
      case 'stream':
        log.info({ lsn: formatLsn(plan.point.lsnCommit) }, `streaming from the ${plan.reason}`);
        return plan.point;
      case 'begin': {
        const slot = await acquireSlot(start, replication, { recreate: false, signal });
        return startPoint(slot.consistentPoint);
      }
      case 'snapshot': {
        log.info(`taking a snapshot: ${plan.reason}`);
        const slot = await acquireSlot(start, replication, { recreate: plan.recreateSlot, signal });
        const point = await this.#snapshot(start, slot, out, signal);
        return plan.thenStream ? point : null;
      }
    }
  }

  async #snapshot(_start: StartContext, slot: SnapshotSlot, _out: ChangeOutlet, _signal: AbortSignal): Promise<ResumePoint> {
    return startPoint(slot.consistentPoint);
  }

  /** Streams until the signal aborts. A slot that is still held is waited for: its last reader may just be leaving. */
  async #follow(start: StartContext, point: ResumePoint, out: ChangeOutlet, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#context;
    const { name, retriesMax, retryDelayMs } = this.#settings.slot;
    const giveUpMs = clock.monotonic() + retriesMax * retryDelayMs;
    let warned = false;
    for (;;) {
      const slot = await inspectSlot(await this.#sql.client(), name);
      const run = new StreamRun(start, point, slot?.confirmedFlushLsn ?? point.lsnCommit, out, {
        onStarted: () => this.#metrics.connected(true),
        onTick: (stream) => this.#tick(stream),
      });
      this.#metrics.restart();
      this.#stream = run;
      this.#positioned = run.position;
      this.#reportedVersion = -1;
      try {
        await run.run(signal);
        return;
      } catch (error) {
        if (!(error instanceof ConnectError) || error.code !== 'postgres.slot-in-use') throw error;
        await run.close();
        const holder = await inspectSlot(await this.#sql.client(), name);
        const failure = holder === null || !holder.active ? error : slotInUse(holder);
        if (clock.monotonic() >= giveUpMs) throw failure;
        if (!warned) log.warn({ slot: name }, `${failure.message} Waiting for it.`);
        warned = true;
        await clock.sleep(Math.min(slotRetryMs, retryDelayMs), signal);
      } finally {
        this.#metrics.connected(false);
      }
    }
  }

  #tick(stream: StreamRun): void {
    this.#metrics.stream(stream.counts, stream.position.inTransaction ? stream.position.commitMicros : null);
    const nowMs = this.#context.clock.monotonic();
    if (nowMs - this.#polledMs < slotPollMs) return;
    this.#polledMs = nowMs;
    void this.#pollSlot();
  }

  async #pollSlot(): Promise<void> {
    try {
      const lag = await slotLag(await this.#sql.client(), this.#settings.slot.name);
      if (lag !== null) this.#metrics.slot(lag);
    } catch (error) {
      // Only a measurement: what is wrong with the server shows in the stream itself.
      this.#context.log.debug({ err: error }, 'the slot could not be looked at');
    }
  }

  async #closeStream(): Promise<void> {
    const stream = this.#stream;
    this.#stream = null;
    await stream?.close();
  }
}
