import { LogicalReplicationService } from 'pg-logical-replication';
import type { Client } from 'pg';

import type { Timer } from '../../base/clock.ts';
import { malformed } from './frame-cursor.ts';
import { FrameReader, type FrameHandler } from './frame-reader.ts';
import { evaluateLiveness, livenessTimings, type LivenessTimings } from './liveness.ts';
import { formatLsn, lsnFromHalves } from './lsn.ts';
import { PacedReads } from './paced-reads.ts';
import { Decoded } from './pgoutput-decoder.ts';
import { RawPlugin, type ReplicationChannel } from './raw-plugin.ts';
import { createReadSocket, tlsForReading } from './read-socket.ts';
import type { ReplicationStreamOptions } from './replication-stream-options.ts';
import { leftOutError, streamError } from './stream-error.ts';
import { StatusUpdate } from './status-update.ts';
import { Taken } from './streaming/transaction-spill.ts';

/** Why the socket is paused; bits of a set. */
const Pause = { GATE: 1, PACING: 2, ENDED: 4 } as const;

const tickMsMax = 1000;
/** After `run` the connection stays this long for the confirmation of what was emitted last. */
const lingerMs = 10_000;
const spillParams = [
  ['proto_version', '2'],
  ['streaming', 'on'],
] as const;
/** A pause that is shorter is part of normal work. */
const stalledMsMin = 3000;

/**
 * One START_REPLICATION: brings frames to the decoder at our own pace, keeps the connection alive and confirms.
 * What is asked of the server's side: invariant 1, nothing is reported as flushed that is not durable downstream.
 */
export class ReplicationStream implements FrameHandler {
  readonly #options: ReplicationStreamOptions;
  readonly #service: LogicalReplicationService;
  readonly #reader = new FrameReader(this);
  readonly #reads: PacedReads;
  readonly #status = new StatusUpdate();
  readonly #ended = Promise.withResolvers<void>();
  #done = false;
  #started = false;
  #channel: ReplicationChannel | null = null;
  #parsers: readonly ((bytes: Buffer) => void)[] = [];
  #timings: LivenessTimings;
  #outcome: Decoded = Decoded.NEXT;
  /** The spill has something to do before the next frame. */
  #unsettled = false;
  #paused = 0;
  #keepaliveHigh = 0;
  #keepaliveLow = 0;
  #confirmed: bigint;
  #lastReceivedMs: number;
  #lastSentMs = -Infinity;
  #lastIdleMs = -Infinity;
  #storedVersion: number;
  #timer: Timer | null = null;
  /** Work for which the stream is to stand still. */
  #due: (() => Promise<void>)[] = [];
  #closing: Promise<void> | null = null;

  constructor(options: ReplicationStreamOptions) {
    this.#options = options;
    const { sessions, position, settings, clock } = options;
    const manual = settings.stream.lsnFlushMode === 'manual';
    this.#confirmed = manual || options.confirmed > position.done ? options.confirmed : position.done;
    this.#storedVersion = position.version;
    this.#lastReceivedMs = clock.monotonic();
    this.#timings = livenessTimings(0, settings.stream.statusIntervalMs);
    const { encrypted } = sessions;
    this.#reads = new PacedReads(encrypted, clock, (waitMs) => this.#leaveAlone(waitMs));
    const config = sessions.clientConfig(undefined, { replication: true });
    // Trap: by default the package acknowledges what has merely arrived, and one byte more than that.
    this.#service = new LogicalReplicationService(
      encrypted ? { ...config, ssl: tlsForReading(config.ssl) } : { ...config, stream: () => createReadSocket(this.#reader) },
      {
        acknowledge: { auto: false, timeoutSeconds: 0 },
        flowControl: { enabled: false },
      },
    );
    this.#service.on('error', (error) => this.#fail(error));
  }

  /** Nothing is half done: no transaction is open, no frame waits, the outlet takes changes. */
  get quiet(): boolean {
    return this.started && !this.#options.position.inTransaction && !this.#reader.closed;
  }

  /** True once the server streams. */
  get started(): boolean {
    return this.#started && !this.#done;
  }

  /** Resolves when `signal` aborts, at once and without emitting more; rejects when the stream ends for any other reason. */
  async run(signal: AbortSignal): Promise<void> {
    const { settings, position, spill } = this.#options;
    const onAbort = (): void => this.#end();
    signal.addEventListener('abort', onAbort, { once: true });
    const plugin = new RawPlugin({
      params: [
        ...(spill === undefined ? ([['proto_version', '1']] as const) : spillParams),
        ['publication_names', `"${settings.publication.name.replaceAll('"', '""')}"`],
        ['messages', 'true'],
        ...settings.slot.streamParams,
      ],
      prepare: (client, channel) => this.#prepare(client, channel),
      reader: this.#reader,
    });
    try {
      if (signal.aborted) return;
      this.#service.subscribe(plugin, settings.slot.name, formatLsn(position.done)).then(
        () => this.#fail(new Error('the server ended the stream')),
        (error: unknown) => this.#fail(error),
      );
      await this.#ended.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /**
   * Runs `work` between two transactions, as soon as the stream is there; no frame goes through meanwhile, so `work` may
   * emit and call `boundary` like the decoder does. It leaves the outlet drained. An error of it ends the stream.
   */
  interlude(work: () => Promise<void>): void {
    this.#due.push(work);
    this.#interrupt();
  }

  /** Asks the server how far it is; the answer is a keepalive. */
  ping(): void {
    this.#sendStatus(true);
  }

  /**
   * Everything before `lsn` is durable downstream: the server hears of it at once. Also after `run`, until `close`. An older
   * position than the last is not reported (invariant 2).
   */
  confirm(lsn: bigint): void {
    if (lsn <= this.#confirmed || this.#options.settings.stream.lsnFlushMode === 'manual') return;
    this.#confirmed = lsn;
    this.#sendStatus(false);
  }

  /** Ends a stream that stands still: a walsender that cannot send does not hear that the server wants it to end, and holds it up. */
  giveBack(reason: () => Error): void {
    const { clock } = this.#options;
    if (this.#reader.closed && clock.monotonic() - this.#lastReceivedMs >= stalledMsMin) this.#fail(reason());
  }

  get confirmed(): bigint {
    return this.#confirmed;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#end();
    this.#timer?.cancel();
    const channel = this.#channel;
    this.#channel = null;
    // The socket is paused, so it would never see the server's end; what was written last still goes out.
    channel?.stream.destroySoon();
    await this.#service.stop().catch(() => {});
    await this.#options.spill?.close();
    // The package takes off every listener; an error of the dying socket must not end the process.
    channel?.on('error', () => {});
  }

  async #prepare(client: Client, channel: ReplicationChannel): Promise<void> {
    const { sessions, settings, clock } = this.#options;
    await sessions.pin(client);
    client.on('notice', (notice) => {
      const failure = leftOutError(notice, settings);
      if (failure !== null) this.#fail(failure);
    });
    await this.#options.spill?.open();
    const { rows } = await client.query<{ setting: string }>(
      "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'wal_sender_timeout'",
    );
    this.#timings = livenessTimings(Number(rows[0]?.setting ?? 60_000), settings.stream.statusIntervalMs);
    if (this.#done) return;
    this.#channel = channel;
    // pg's own parser, which keeps getting what is no CopyData.
    this.#parsers = channel.stream.listeners('data') as ((bytes: Buffer) => void)[];
    channel.once('replicationStart', () => {
      this.#started = true;
      this.#lastReceivedMs = clock.monotonic();
      this.#options.onStarted?.();
      this.#sendStatus(false);
      this.#tick();
      this.#interrupt();
    });
  }

  arrived(bytes: number, room: number): void {
    const { clock } = this.#options;
    const nowMs = clock.monotonic();
    this.#lastReceivedMs = nowMs;
    this.#stampTime();
    // Read after read can come before any timer has its turn.
    if (nowMs - this.#lastSentMs >= this.#timings.statusEveryMs) this.#sendStatus(false);
    this.#reads.arrived(bytes, room);
  }

  frame(bytes: Buffer, start: number, end: number): boolean {
    const tag = bytes[start];
    if (tag === 0x77) {
      if (end - start < 26) throw malformed('a message without content');
      const { decoder, position, onBoundary, spill } = this.#options;
      const taken = spill === undefined ? Taken.PASS : spill.take(bytes, start, end);
      if (taken !== Taken.PASS) {
        this.#outcome = Decoded.NEXT;
        this.#unsettled = taken === Taken.SETTLE;
        return !this.#unsettled;
      }
      this.#outcome = decoder.decode(bytes, start, end);
      if (this.#outcome !== Decoded.NEXT) return false;
      if (!position.inTransaction) onBoundary?.();
      // What is due is done between two transactions, so the one that just ended closes the reader as well.
      return this.#due.length === 0 || !this.quiet;
    }
    if (tag !== 0x6b) throw malformed(`a frame of kind 0x${(tag ?? 0).toString(16)}`);
    if (end - start < 18) throw malformed('a keepalive that is too short');
    this.#keepalive(bytes.readUInt32BE(start + 1), bytes.readUInt32BE(start + 5), bytes[start + 17] === 1);
    return true;
  }

  other(message: Buffer): void {
    for (const parse of this.#parsers) parse(message);
  }

  closed(): void {
    if ((this.#paused & Pause.GATE) === 0) void this.#reopen();
  }

  failed(error: unknown): void {
    this.#fail(error);
  }

  #stampTime(): void {
    const { clock, registers, change } = this.#options;
    const nowMs = clock.now();
    registers.setProcessingTime(nowMs);
    change.timestampMs = nowMs;
  }

  /** Closes the reader for what is due, where the stream may stand still. True: it did. */
  #interrupt(): boolean {
    if (this.#due.length === 0 || !this.quiet) return false;
    this.#reader.close();
    this.#outcome = Decoded.NEXT;
    if ((this.#paused & Pause.GATE) === 0) void this.#reopen();
    return true;
  }

  /** The reader has closed: waits for what it closed for, then goes on with what came behind. */
  async #reopen(): Promise<void> {
    const { spill } = this.#options;
    this.#pause(Pause.GATE);
    try {
      do {
        await this.#settle(this.#outcome);
        if (this.#unsettled) {
          this.#unsettled = false;
          await spill?.settle((bytes, start, end) => this.#deliver(bytes, start, end));
        }
        if (!this.#options.position.inTransaction) await this.#runDue();
        if (this.#done) return;
        this.#stampTime();
        this.#options.onBoundary?.();
      } while (!this.#reader.open() || this.#interrupt());
      this.#lastReceivedMs = this.#options.clock.monotonic();
      this.#resume(Pause.GATE);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #settle(outcome: Decoded): Promise<void> {
    const { relations, out } = this.#options;
    if (outcome === Decoded.DECLARE) await relations.resolve(out);
    else if (outcome === Decoded.DRAIN) await out.drained();
  }

  /** A frame that has been waiting for its commit; false: the stream has ended. */
  #deliver(bytes: Buffer, start: number, end: number): boolean | Promise<boolean> {
    if (this.#done) return false;
    this.#stampTime();
    const outcome = this.#options.decoder.decode(bytes, start, end);
    return outcome === Decoded.NEXT || this.#settle(outcome).then(() => !this.#done);
  }

  async #runDue(): Promise<void> {
    for (let work = this.#due.shift(); work !== undefined && !this.#done; work = this.#due.shift()) await work();
  }

  /** Answered from what is durable, never from what has arrived; an idle stream's position moves along with the log. */
  #keepalive(high: number, low: number, replyRequested: boolean): void {
    const { position, onBoundary } = this.#options;
    position.idle(high, low);
    this.#keepaliveHigh = high;
    this.#keepaliveLow = low;
    this.#storeIdlePosition();
    if (!position.inTransaction) onBoundary?.();
    if (replyRequested) this.#sendStatus(false);
  }

  /**
   * Where nothing is captured only the position moves. It is stored first, like any other, and confirmed when the sink
   * has committed it (invariant 1); often enough to free the server's log, seldom enough not to fill the offsets topic.
   */
  #storeIdlePosition(): void {
    const { position, out, clock, settings } = this.#options;
    if (position.version === this.#storedVersion || position.inTransaction || this.#reader.closed) return;
    const nowMs = clock.monotonic();
    if (nowMs - this.#lastIdleMs < settings.stream.statusIntervalMs) return;
    this.#lastIdleMs = nowMs;
    this.#storedVersion = position.version;
    out.boundary();
  }

  #sendStatus(replyRequested: boolean): void {
    if (this.#channel === null || !this.#started) return;
    const { clock, decoder } = this.#options;
    const frame = lsnFromHalves(decoder.lsnHigh, decoder.lsnLow);
    const keepalive = lsnFromHalves(this.#keepaliveHigh, this.#keepaliveLow);
    const received = frame > keepalive ? frame : keepalive;
    this.#lastSentMs = clock.monotonic();
    this.#channel.sendCopyFromChunk(this.#status.write(received, this.#confirmed, clock.now(), replyRequested));
  }

  #tick(): void {
    this.#timer?.cancel();
    if (this.#closing !== null) return;
    const { clock, onTick } = this.#options;
    const { statusEveryMs } = this.#timings;
    const heartbeatMs = this.#options.settings.stream.heartbeatIntervalMs || tickMsMax;
    this.#timer = clock.after(Math.min(tickMsMax, statusEveryMs, heartbeatMs), () => this.#tick());
    try {
      const facts = {
        nowMs: clock.monotonic(),
        lastReceivedMs: this.#lastReceivedMs,
        lastSentMs: this.#lastSentMs,
        paused: this.#paused !== 0,
      };
      const action = evaluateLiveness(this.#timings, facts);
      if (action === 'dead') throw new Error(`the server has been silent for ${Math.round(facts.nowMs - facts.lastReceivedMs)} ms`);
      if (action !== 'nothing') this.#sendStatus(action === 'ping');
      if (this.#done) return;
      onTick?.();
      this.#storeIdlePosition();
    } catch (error) {
      this.#fail(error);
    }
  }

  #leaveAlone(waitMs: number): void {
    if (!this.#started || this.#paused !== 0) return;
    this.#pause(Pause.PACING);
    this.#options.clock.after(waitMs, () => {
      this.#reads.waited();
      this.#resume(Pause.PACING);
    });
  }

  #pause(reason: number): void {
    this.#paused |= reason;
    this.#channel?.stream.pause();
  }

  #resume(reason: number): void {
    this.#paused &= ~reason;
    if (this.#paused === 0) this.#channel?.stream.resume();
  }

  /** No more frames; the connection stays for the last confirmation. */
  #end(): void {
    if (this.#done) return;
    this.#done = true;
    this.#pause(Pause.ENDED);
    this.#reader.stop();
    this.#ended.resolve();
    this.#options.clock.after(lingerMs, () => void this.close());
  }

  #fail(error: unknown): void {
    if (this.#done) return;
    this.#done = true;
    this.#pause(Pause.ENDED);
    this.#reader.stop();
    this.#ended.reject(streamError(error, this.#options, this.#started));
    void this.close();
  }
}
