import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../src/base/clock.ts';
import { javaRegex } from '../../src/base/java-regex.ts';
import { ConnectError } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import type { RetryPolicy } from '../../src/connect/retry-policy.ts';
import { Supervisor, type SupervisorStatus } from '../../src/connect/supervisor.ts';

/** A task whose end the test decides, and a clock that stands still until it is moved. */
class Bench {
  nowMs = 0;
  #timers: { at: number; callback: () => void }[] = [];
  readonly clock: Clock = {
    now: () => this.nowMs,
    monotonic: () => this.nowMs,
    after: (delayMs, callback) => {
      const timer = { at: this.nowMs + delayMs, callback };
      this.#timers.push(timer);
      return { cancel: () => (this.#timers = this.#timers.filter((other) => other !== timer)) };
    },
    sleep: () => Promise.reject(new Error('not used')),
  };
  builds = 0;
  closed = 0;
  alive = 0;
  aliveMax = 0;
  buildFailure: unknown = null;
  /** Whether an aborted run ends at once, as a well-behaved one does. */
  obedient = true;
  running: (() => void) | null = null;
  troubled: ((reason: unknown) => void) | null = null;
  end: { resolve: () => void; reject: (error: unknown) => void } | null = null;
  readonly history: SupervisorStatus[] = [];
  retry: RetryPolicy = { delayMsMax: 4_000, delayMs: null, retriesMax: -1, passing: null };
  readonly supervisor = new Supervisor({
    clock: this.clock,
    log: silentLog,
    scrub: (text) => text.replaceAll('s3cret', '[hidden]'),
    retry: () => this.retry,
    changed: (status) => this.history.push(status),
    build: async (events) => {
      this.builds += 1;
      if (this.buildFailure !== null) throw this.buildFailure;
      this.running = () => events.running();
      this.troubled = (reason) => events.troubled(reason);
      return {
        run: (signal) => this.#run(signal),
        close: async () => {
          this.closed += 1;
        },
      };
    },
  });

  async advance(ms: number): Promise<void> {
    this.nowMs += ms;
    const due = this.#timers.filter((timer) => timer.at <= this.nowMs);
    this.#timers = this.#timers.filter((timer) => timer.at > this.nowMs);
    for (const timer of due) timer.callback();
    await turns();
  }

  get state(): string {
    return this.supervisor.status.state;
  }

  get trace(): string {
    return this.supervisor.status.trace ?? '';
  }

  async #run(signal: AbortSignal): Promise<void> {
    this.alive += 1;
    this.aliveMax = Math.max(this.aliveMax, this.alive);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.end = { resolve, reject };
    signal.addEventListener('abort', () => {
      if (this.obedient) resolve();
    });
    try {
      await promise;
    } finally {
      this.alive -= 1;
    }
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
}

test('pause ends the incarnation, resume builds a new one, and there are never two', async () => {
  const bench = new Bench();
  bench.supervisor.run();
  await turns();
  assert.deepEqual([bench.state, bench.builds, bench.alive], ['RUNNING', 1, 1]);
  bench.obedient = false;
  bench.supervisor.pause();
  await turns();
  assert.equal(bench.state, 'RUNNING', 'not paused before the run has ended');
  bench.supervisor.run();
  bench.supervisor.restart();
  await turns();
  assert.equal(bench.builds, 1, 'no second incarnation beside the first');
  bench.obedient = true;
  bench.end?.resolve();
  await turns();
  assert.deepEqual([bench.state, bench.builds, bench.alive, bench.aliveMax, bench.closed], ['RUNNING', 2, 1, 1, 1]);
  bench.supervisor.pause();
  await turns();
  assert.deepEqual([bench.state, bench.alive, bench.closed], ['PAUSED', 0, 2]);
});

test('what may pass is retried with growing pauses, RUNNING with the reason shown', async () => {
  const bench = new Bench();
  bench.supervisor.run();
  const pauses = [500, 1000, 2000, 4000, 4000];
  for (const pause of pauses) {
    await turns();
    bench.end?.reject(new ConnectError('postgres.unreachable', 'no connection with s3cret', { cause: new Error('ECONNREFUSED') }));
    await turns();
    assert.equal(bench.state, 'RUNNING');
    assert.match(bench.trace, /^millrace\.ConnectError\(postgres\.unreachable\): no connection with \[hidden\]\n\tat /);
    assert.match(bench.trace, /\nCaused by: Error: ECONNREFUSED\n\tat /);
    const { builds } = bench;
    await bench.advance(pause - 1);
    assert.equal(bench.builds, builds, `not before ${pause} ms`);
    await bench.advance(1);
    assert.equal(bench.builds, builds + 1, `after ${pause} ms`);
  }
  bench.running?.();
  assert.equal(bench.supervisor.status.trace, null, 'a run that got under way clears the reason');
  bench.end?.reject(new ConnectError('kafka.transient', 'again'));
  await turns();
  const { builds } = bench;
  await bench.advance(500);
  assert.equal(bench.builds, builds + 1, 'and starts counting pauses anew');
});

test('errors.max.retries failures in a row are followed by another attempt, and each pause is as long as is asked for', async () => {
  const bench = new Bench();
  bench.retry = { delayMsMax: 4_000, delayMs: 70_000, retriesMax: 2, passing: null };
  const fail = async (): Promise<void> => {
    await turns();
    bench.end?.reject(new ConnectError('postgres.unreachable', 'no connection'));
    await turns();
  };
  bench.supervisor.run();
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    await fail();
    await bench.advance(69_999);
    assert.equal(bench.builds, attempt);
    await bench.advance(1);
    assert.deepEqual([bench.state, bench.builds], ['RUNNING', attempt + 1]);
    // Under way again: what failed before does not count any more.
    if (attempt === 1) bench.running?.();
  }
  await fail();
  await bench.advance(70_000);
  assert.deepEqual([bench.state, bench.builds], ['RUNNING', 4]);
  await fail();
  assert.deepEqual([bench.state, bench.builds], ['FAILED', 4]);
  assert.match(bench.trace, /no connection/);
  bench.supervisor.restart();
  await fail();
  assert.equal(bench.state, 'RUNNING', 'whoever restarts it gives it all attempts again');
  bench.supervisor.stop();
  await turns();
  bench.retry = { delayMsMax: 4_000, delayMs: null, retriesMax: 0, passing: null };
  bench.supervisor.run();
  await fail();
  assert.equal(bench.state, 'FAILED', 'without a single retry');
});

test('a failure that is said to pass is tried again, a run that was replaced is not', async () => {
  const bench = new Bench();
  bench.retry = { ...bench.retry, passing: javaRegex('.*server closed.*', 'key') };
  const fail = async (error: unknown): Promise<void> => {
    await turns();
    bench.end?.reject(error);
    await turns();
    await bench.advance(500);
  };
  bench.supervisor.run();
  await fail(new ConnectError('postgres.query', 'SQL failed', { cause: new Error('the server closed the door') }));
  assert.deepEqual([bench.state, bench.builds], ['RUNNING', 2]);
  bench.running?.();
  await fail(new ConnectError('kafka.fenced', 'the server closed it'));
  assert.equal(bench.state, 'FAILED');
  bench.supervisor.restart();
  await fail(new ConnectError('postgres.query', 'something else'));
  assert.equal(bench.state, 'FAILED');
});

test('trouble that the task deals with itself is shown while it lasts', async () => {
  const bench = new Bench();
  bench.supervisor.run();
  await turns();
  bench.troubled?.(new ConnectError('kafka.unreachable', 'no broker with s3cret'));
  assert.deepEqual([bench.state, bench.builds], ['RUNNING', 1]);
  assert.match(bench.trace, /^millrace\.ConnectError\(kafka\.unreachable\): no broker with \[hidden\]/);
  assert.match(bench.history.at(-1)?.trace ?? '', /no broker/, 'whoever keeps the status is told');
  const told = bench.history.length;
  const { troubled } = bench;
  bench.running?.();
  assert.equal(bench.supervisor.status.trace, null);
  assert.equal(bench.history.length, told + 1);
  bench.supervisor.pause();
  await turns();
  troubled?.(new ConnectError('kafka.unreachable', 'late'));
  assert.deepEqual([bench.state, bench.trace], ['PAUSED', ''], 'not after its end');
});

test('what does not pass fails the task until somebody restarts it', async () => {
  const bench = new Bench();
  bench.supervisor.run();
  await turns();
  bench.end?.reject(new ConnectError('postgres.slot', 'the slot is lost'));
  await turns();
  assert.equal(bench.state, 'FAILED');
  assert.match(bench.trace, /the slot is lost/);
  assert.equal(bench.supervisor.status.unbuilt, false);
  bench.supervisor.pause();
  bench.supervisor.run();
  await bench.advance(3_600_000);
  assert.deepEqual([bench.state, bench.builds], ['FAILED', 1], 'neither time nor pause and resume bring it back');
  bench.supervisor.restart();
  assert.equal(bench.state, 'RESTARTING');
  await turns();
  assert.deepEqual([bench.state, bench.builds, bench.supervisor.status.trace], ['RUNNING', 2, null]);
});

test('a fenced task does not come back by itself', async () => {
  const bench = new Bench();
  bench.supervisor.run();
  await turns();
  bench.end?.reject(new ConnectError('kafka.fenced', 'a newer incarnation took over'));
  await bench.advance(3_600_000);
  assert.deepEqual([bench.state, bench.builds], ['FAILED', 1]);
});

test('a task that cannot be built is told apart', async () => {
  const bench = new Bench();
  bench.buildFailure = new ConnectError('config.invalid', 'bad');
  bench.supervisor.run();
  await turns();
  assert.deepEqual([bench.state, bench.supervisor.status.unbuilt], ['FAILED', true]);
  bench.buildFailure = null;
  bench.supervisor.restart();
  await turns();
  assert.deepEqual([bench.state, bench.supervisor.status.unbuilt], ['RUNNING', false]);
});

test('a wish during the pause between two attempts is carried out at once', async () => {
  const bench = new Bench();
  bench.supervisor.run();
  await turns();
  bench.end?.reject(new ConnectError('kafka.unreachable', 'away'));
  await turns();
  bench.supervisor.stop();
  await turns();
  assert.equal(bench.state, 'STOPPED');
  assert.equal(bench.trace, '');
});

test('restart replaces an incarnation that fails on its way out', async () => {
  const bench = new Bench();
  bench.supervisor.run();
  await turns();
  bench.obedient = false;
  bench.supervisor.restart();
  await turns();
  bench.end?.reject(new Error('closed too early'));
  await turns();
  assert.deepEqual([bench.state, bench.builds], ['RUNNING', 2]);
});

test('an exhausted source stays as it is until it is restarted', async () => {
  const bench = new Bench();
  bench.supervisor.run();
  await turns();
  bench.end?.resolve();
  await bench.advance(3_600_000);
  assert.deepEqual([bench.state, bench.builds, bench.closed], ['RUNNING', 1, 1]);
  bench.supervisor.restart();
  await turns();
  assert.deepEqual([bench.state, bench.builds], ['RUNNING', 2]);
});

test('settled tells when the fact is what was wished for, and gives up after its time', async () => {
  const bench = new Bench();
  bench.supervisor.run();
  await turns();
  bench.obedient = false;
  bench.supervisor.stop();
  const settled: boolean[] = [];
  void bench.supervisor.settled(1_000).then((value) => settled.push(value));
  void bench.supervisor.settled(9_000).then((value) => settled.push(value));
  await bench.advance(1_000);
  assert.deepEqual(settled, [false]);
  bench.end?.resolve();
  await turns();
  assert.deepEqual(settled, [false, true]);
});

test('release ends everything and leaves UNASSIGNED', async () => {
  const bench = new Bench();
  bench.supervisor.run();
  await turns();
  await bench.supervisor.release();
  assert.deepEqual([bench.state, bench.alive, bench.closed], ['UNASSIGNED', 0, 1]);
});
