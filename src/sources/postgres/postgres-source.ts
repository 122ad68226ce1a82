import type { Client } from 'pg';

import { ConnectError } from '../../base/errors.ts';
import type { SourceContext } from '../../connect/plugin.ts';
import type { ChangeOutlet, Source, SourceSignal } from '../../connect/source.ts';
import { sameOffset, type OffsetMap, type SourceOffset } from '../../record/offset.ts';
import { AdhocState } from './adhoc/adhoc-state.ts';
import { Notifications } from './adhoc/notifications.ts';
import { checkSignalTable, withSignalTable } from './adhoc/signal-table.ts';
import { ToldOutlet } from './adhoc/told-outlet.ts';
import { loadTables, TypeCatalog } from './catalog.ts';
import { LockWatch } from './lock-watch.ts';
import { formatLsn } from './lsn.ts';
import { knownTables } from './known-tables.ts';
import { partitionsOf } from './new-table-search.ts';
import { findOffset, offsetPartition, parsePosition, startPoint, type ResumePoint } from './position.ts';
import { checkServer, checkTableCount, connectReplication } from './preflight.ts';
import { asPublished, ensurePublication, publishedTables } from './publication.ts';
import { ensureReplicaIdentities } from './replica-identity.ts';
import type { ReadingChange } from './reading-change.ts';
import { RenameWatch } from './rename-watch.ts';
import { SessionFactory, SqlSession } from './session.ts';
import { parseSettings, type PostgresSettings } from './settings.ts';
import { acquireSlot, dropSlot, inspectSlot, slotHeldUp, slotInUse, slotLag, type SlotState, type SnapshotSlot } from './slot.ts';
import { filterFromOffset, Snapshot } from './snapshot.ts';
import type { SnapshotFilter } from './snapshot-filter.ts';
import { SnapshotMetrics } from './snapshot-metrics.ts';
import { SlotPoll } from './slot-poll.ts';
import { SlotWatch } from './slot-watch.ts';
import { SourceMetrics } from './source-metrics.ts';
import { sqlError } from './sql-error.ts';
import type { StartContext } from './start-context.ts';
import { planStart, type StartPlan } from './start-plan.ts';
import { createChange, StreamRun, type Begin } from './stream-run.ts';
import { TableFilter } from './table-filter.ts';

const slotLookMs = 250;
const slotAttemptsMax = 5;
const dropAttemptsMax = 20;

/** Postgres by logical replication: preflight, snapshot, stream, one START_REPLICATION at a time. */
export class PostgresSource implements Source {
  readonly #context: SourceContext;
  readonly #settings: PostgresSettings;
  readonly #sessions: SessionFactory;
  readonly #sql: SqlSession;
  readonly #metrics: SourceMetrics;
  readonly #snapshotMetrics: SnapshotMetrics;
  readonly #partition: SourceOffset['partition'];
  #systemId = '';
  /** Whoever hands over changes at the moment knows the position. */
  #offset: () => OffsetMap | null = () => null;
  #reported: OffsetMap | null = null;
  #stream: StreamRun | null = null;
  readonly #slotWatch: SlotWatch;
  readonly #slotPoll: SlotPoll;

  constructor(context: SourceContext) {
    this.#context = context;
    this.#settings = parseSettings(context.connector, context.config);
    this.#sessions = new SessionFactory(this.#settings.connection, `millrace ${context.connector}`);
    this.#sql = new SqlSession(this.#sessions);
    context.metrics.tag(context.connector, this.#settings.metricTags);
    const labels = { connector: context.connector };
    const debezium = { name: this.#settings.topicPrefix, plugin: 'postgres' };
    this.#metrics = new SourceMetrics(context.metrics, context.clock, labels, debezium);
    this.#snapshotMetrics = new SnapshotMetrics(context.metrics, context.clock, { ...labels, ...debezium });
    const { slot } = this.#settings;
    this.#slotWatch = new SlotWatch(slot, context, this.#metrics);
    this.#slotPoll = new SlotPoll({
      look: async () => slotLag(await this.#sql.client(), slot.name),
      watch: this.#slotWatch,
      onUnreserved: () => this.#stream?.giveBack(() => slotHeldUp(slot.name)),
      clock: context.clock,
      log: context.log,
    });
    this.#partition = offsetPartition(this.#settings.topicPrefix);
  }

  async run(resumeFrom: readonly SourceOffset[], out: ChangeOutlet, signal: AbortSignal): Promise<void> {
    await this.#closeStream();
    this.#reported = null;
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const { clock, log } = this.#context;
    const locks = new LockWatch({ sql: this.#sql, sessions: this.#sessions, clock, log });
    locks.start();
    const work = this.#run(resumeFrom, out, signal);
    // An abort ends the run at once, whatever the server takes its time for; the work then ends by itself.
    work.catch(() => {});
    await Promise.race([work, aborted]).finally(() => locks.stop());
    this.#metrics.connected(false);
  }

  position(): readonly SourceOffset[] {
    const offset = this.#offset();
    if (offset === null || sameOffset(offset, this.#reported)) return [];
    this.#reported = offset;
    return [{ partition: this.#partition, offset }];
  }

  /** Invariant 1: called with what the sink has committed; only then may the server forget it. */
  confirm(offsets: readonly SourceOffset[]): void {
    const offset = findOffset(offsets, this.#settings.topicPrefix);
    if (offset !== null) this.#stream?.confirm(parsePosition(offset).point.lsnCommit, offset);
  }

  async signal(signal: SourceSignal): Promise<void> {
    const stream = this.#stream;
    if (stream === null || !stream.started) {
      throw new ConnectError('postgres.slot-in-use', 'The connector does not stream at the moment, so it cannot take a signal.', {
        remedy: 'Wait until its snapshot is complete and its status is RUNNING, and send the signal again.',
      });
    }
    await stream.signal(signal);
  }

  canWait(): boolean {
    return this.#slotWatch.canWait;
  }

  async close(): Promise<void> {
    await this.#closeStream();
    try {
      if (this.#settings.slot.dropOnStop && this.#systemId !== '') await this.#dropSlot();
    } finally {
      await this.#sql.close();
    }
  }

  /** The server keeps its log for the slot of a deleted connector for ever. */
  async discard(): Promise<void> {
    const { name, dropOnDelete } = this.#settings.slot;
    if (!dropOnDelete) return;
    try {
      await this.#dropSlot();
    } catch (error) {
      throw new ConnectError(
        'postgres.slot',
        `The slot "${name}" of the deleted connector could not be dropped: the server keeps its log.`,
        {
          cause: error,
          remedy: `SELECT pg_drop_replication_slot('${name}');`,
        },
      );
    }
    this.#context.log.info({ slot: name }, 'the slot of the deleted connector was dropped');
  }

  /** The walsender that has just been told to leave holds the slot a moment longer. */
  async #dropSlot(): Promise<void> {
    const { name } = this.#settings.slot;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await dropSlot(await this.#sql.client(), name);
        return;
      } catch (error) {
        const failure = sqlError(error, this.#sessions.context(`dropping the slot "${name}"`));
        if (failure.code !== 'postgres.slot-in-use' || attempt >= dropAttemptsMax) throw failure;
        await this.#context.clock.sleep(slotLookMs);
      }
    }
  }

  async #run(resumeFrom: readonly SourceOffset[], out: ChangeOutlet, signal: AbortSignal): Promise<void> {
    let replication: Client | null = null;
    try {
      replication = await connectReplication(this.#sessions, this.#settings.connection.user, this.#sql);
      const start = await this.#preflight(replication);
      if (signal.aborted) return;
      const offset = findOffset(resumeFrom, this.#settings.topicPrefix);
      const slot = await this.#freeSlot(signal);
      if (slot?.walStatus === 'lost') await this.#slotPoll.look();
      const plan = planStart(this.#settings, { offset, slot, server: start.server });
      const begin = await this.#prepare(plan, start, replication, offset, out, signal);
      await replication.end();
      if (begin === null || signal.aborted) return;
      await this.#follow(start, begin, out, signal);
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
    const accepts = (schema: string, table: string): boolean => filter.acceptsTable(schema, table);
    let captured = await loadTables(client, { accepts });
    checkTableCount(settings.tables, captured.length, this.#context.log);
    if ((await ensureReplicaIdentities(client, settings.publication, captured, this.#context.log)) > 0) {
      captured = await loadTables(client, { accepts });
    }
    const toPublish = captured.filter((table) => table.logged);
    await ensurePublication(client, settings, await withSignalTable(client, settings, toPublish), this.#context.log);
    const published = new Map(
      (await publishedTables(client, settings.publication.name)).map((table) => [`${table.schema}\0${table.name}`, table]),
    );
    checkSignalTable(settings, new Set(published.keys()), this.#context.log);
    const tables = captured.flatMap((table) => {
      const found = published.get(`${table.schema}\0${table.name}`);
      return found === undefined ? [] : [asPublished(table, found)];
    });
    const types = await TypeCatalog.load(client);
    const partitions = [...(await partitionsOf(client, tables)).keys()];
    const [sessions, sql, { clock, log }] = [this.#sessions, this.#sql, this.#context];
    // On a standby the server does not say which transactions are visible.
    const aliases = settings.records.renameAliases && server.timeline !== null;
    const renames = aliases ? new RenameWatch({ sql, clock, log, publication: settings.publication.name }) : null;
    return { settings, source: this.#context, sessions, sql, filter, types, server, tables, renames, partitions };
  }

  /** Everything before the stream; null when nothing is to be streamed. */
  async #prepare(
    plan: StartPlan,
    start: StartContext,
    replication: Client,
    offset: OffsetMap | null,
    out: ChangeOutlet,
    signal: AbortSignal,
  ): Promise<Begin | null> {
    const { log } = this.#context;
    if (plan.kind !== 'snapshot') this.#snapshotMetrics.skipped();
    switch (plan.kind) {
      case 'done':
        log.info('nothing is left to read, and snapshot.mode says not to stream');
        await this.#tellSkipped(offset, out);
        return null;
      case 'stream':
        log.info({ lsn: formatLsn(plan.point.lsnCommit) }, `streaming from the ${plan.reason}`);
        return this.#beginAt(plan.point, offset);
      case 'begin': {
        const slot = await acquireSlot(start, replication, { recreate: false, signal });
        return {
          point: startPoint(slot.consistentPoint),
          shown: filterFromOffset({}, this.#settings),
          known: null,
          stored: null,
          adhoc: new AdhocState(),
          skipped: true,
        };
      }
      case 'snapshot': {
        log.info(`taking a snapshot: ${plan.reason}`);
        const fresh = plan.resume === null ? await acquireSlot(start, replication, { recreate: plan.recreateSlot, signal }) : null;
        if (plan.recreateSlot) await this.#slotPoll.look();
        const begin = await this.#snapshot(start, fresh, plan.resume, out, signal);
        if (!plan.thenStream || begin === null) return null;
        const { streamingDelayMs } = this.#settings.snapshot;
        if (streamingDelayMs > 0) await this.#context.clock.sleep(streamingDelayMs, signal).catch(() => {});
        return { ...begin, adhoc: AdhocState.afterSnapshot(offset) };
      }
    }
  }

  async #tellSkipped(offset: OffsetMap | null, out: ChangeOutlet): Promise<void> {
    const { clock, log } = this.#context;
    const notifications = new Notifications(this.#settings, clock, log);
    if (offset === null || !notifications.wanted) return;
    notifications.add(null, 'Initial Snapshot', 'SKIPPED');
    this.#offset = () => offset;
    this.#reported = null;
    await notifications.flush(createChange(() => 'notification').change, out);
    if (!out.boundary()) await out.drained();
  }

  #beginAt(point: ResumePoint, offset: OffsetMap | null): Begin {
    return {
      point,
      shown: filterFromOffset(offset ?? {}, this.#settings),
      known: knownTables(offset),
      stored: offset,
      adhoc: AdhocState.fromOffset(offset),
      skipped: true,
    };
  }

  /** Null: aborted. */
  async #snapshot(
    start: StartContext,
    slot: SnapshotSlot | null,
    resume: OffsetMap | null,
    out: ChangeOutlet,
    signal: AbortSignal,
  ): Promise<Begin | null> {
    const { clock, log } = this.#context;
    const { settings, sessions, server } = start;
    const create = (): ReadingChange => createChange(() => `snapshot of "${settings.connection.database}"`);
    const connect = (): Promise<Client> => sessions.connect({ queryTimeout: false });
    const snapshot = new Snapshot({ settings, connect, clock, log, createChange: create, systemId: server.systemId });
    this.#offset = () => snapshot.position();
    const told = new ToldOutlet(out, new Notifications(settings, clock, log), createChange(() => 'notification').change, () => {
      this.#reported = null;
    });
    if (told.wanted) await told.begin(resume !== null);
    const { publication } = settings;
    const from = {
      startLsn: slot?.consistentPoint ?? 0n,
      exportedSnapshot: slot?.snapshotName ?? null,
      publication: publication.name,
      resume,
    };
    this.#snapshotMetrics.begin(() => snapshot.counts);
    let shown: SnapshotFilter | null = null;
    try {
      shown = await snapshot.run(from, told.wanted ? told : out, signal);
    } finally {
      this.#snapshotMetrics.end(shown !== null);
    }
    const offset = snapshot.position();
    if (shown === null || offset === null) return null;
    if (told.wanted) await told.end();
    return { point: parsePosition(offset).point, shown, known: null, stored: null, adhoc: new AdhocState(), skipped: false };
  }

  /** Streams until the signal aborts. The slot was free a moment ago; whoever took it since is waited for. */
  async #follow(context: StartContext, from: Begin, out: ChangeOutlet, signal: AbortSignal): Promise<void> {
    let [start, begin] = [context, from];
    const events = {
      onStarted: () => this.#metrics.connected(true),
      onTick: (stream: StreamRun) => this.#tick(stream),
      onHeartbeat: () => (this.#reported = null),
    };
    for (let attempt = 1; ; attempt += 1) {
      const slot = await this.#freeSlot(signal);
      if (signal.aborted) return;
      const run = new StreamRun(start, begin, slot?.confirmedFlushLsn ?? begin.point.lsnCommit, out, events);
      this.#metrics.restart();
      this.#stream = run;
      this.#offset = () => run.offset();
      try {
        await run.run(signal);
        return;
      } catch (error) {
        if (!(error instanceof ConnectError)) throw error;
        const whole = start.settings.stream.spill !== null && refusesParts(error);
        if (!whole && (error.code !== 'postgres.slot-in-use' || attempt >= slotAttemptsMax)) throw error;
        await run.close();
        if (!whole) continue;
        this.#context.log.warn({ err: error }, 'Transactions cannot be taken in parts: until the next start they come when they commit');
        start = { ...start, settings: { ...start.settings, stream: { ...start.settings.stream, spill: null } } };
        begin = { ...this.#beginAt(parsePosition(run.offset()).point, run.offset()), skipped: false };
      } finally {
        this.#metrics.connected(false);
      }
    }
  }

  /**
   * The slot as it is, once nobody reads it; null: there is none. After a crash the server may hold it for the last
   * incarnation a little longer, so it is looked at more often than `slot.retry.delay.ms` says, for as long in all.
   */
  async #freeSlot(signal: AbortSignal): Promise<SlotState | null> {
    const { clock, log } = this.#context;
    const { name, retriesMax, retryDelayMs } = this.#settings.slot;
    const giveUpMs = clock.monotonic() + retriesMax * retryDelayMs;
    for (let attempt = 1; ; attempt += 1) {
      const slot = await inspectSlot(await this.#sql.client(), name);
      if (slot === null || !slot.active || signal.aborted) return slot;
      const failure = slotInUse(slot);
      if (clock.monotonic() >= giveUpMs) throw failure;
      if (attempt === 2) log.warn({ slot: name }, `${failure.message} Waiting for it.`);
      await clock.sleep(Math.min(slotLookMs, retryDelayMs), signal);
    }
  }

  #tick(stream: StreamRun): void {
    this.#snapshotMetrics.adhoc(stream.adhocCounts());
    this.#metrics.stream(stream.counts, stream.position.inTransaction ? stream.position.commitMicros : null);
    this.#slotPoll.tick();
  }

  async #closeStream(): Promise<void> {
    const stream = this.#stream;
    this.#stream = null;
    await stream?.close();
  }
}

/**
 * What makes streaming in parts impossible and is no hindrance to whole transactions: no room for them here, or a server
 * that stumbles over a table that was altered in a savepoint and rolled back (XX000).
 */
function refusesParts(error: ConnectError): boolean {
  return error.code === 'postgres.spill' || error.details['sqlState'] === 'XX000';
}
