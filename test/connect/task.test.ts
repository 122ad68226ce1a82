import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ConnectError } from '../../src/base/errors.ts';
import { transient } from '../support/faulty-sink.ts';
import type { CommitFault } from '../support/faulty-sink.ts';
import { noTolerance } from '../../src/connect/error-tolerance.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { MemorySink } from '../support/memory-sink.ts';
import { ScriptedSource, boundary, partition, row } from '../support/scripted-source.ts';
import type { ScriptStep } from '../support/scripted-source.ts';
import { never, stageTask } from '../support/task-stage.ts';

const wait: ScriptStep = { kind: 'wait' };
const pause: ScriptStep = { kind: 'pause' };

describe('a task', () => {
  it('carries a script to its end, commits all that one synchronous run left, and confirms it', async () => {
    const stage = stageTask([row(1), row(2), boundary, row(3), boundary]);
    let started = 0;
    const other = stageTask([row(1)], { onStarted: () => (started += 1) });
    await stage.task.run(never);
    await other.task.run(never);
    assert.deepEqual(stage.ids(), ['1', '2', '3']);
    assert.deepEqual(stage.memory.commits, [3]);
    assert.deepEqual(stage.memory.offset(partition), { step: 5 });
    assert.deepEqual(stage.source.confirmed, [5]);
    assert.deepEqual(stage.memory.records[0], {
      topic: 'rows',
      key: '{id=1}',
      value: '{id=1,text=t1}',
      headers: {},
      timestampMs: 1_700_000_000_000,
      partition: -1,
    });
    assert.equal(started, 1);
  });

  it('is under way when its source is, not before: a source that fails at its start has not got anywhere', async () => {
    const told: string[] = [];
    const stage = stageTask([], { onStarted: () => told.push('under way') });
    stage.source.run = () => Promise.reject(new Error('nobody answers'));
    await assert.rejects(stage.task.run(never), /nobody answers/);
    assert.deepEqual(told, []);
  });

  it('confirms only after the commit, and nothing while one is under way', async () => {
    const stage = stageTask([row(1), boundary]);
    stage.sink.commitFaults.push('hold');
    const run = stage.task.run(never);
    await stage.sink.holding();
    await settle();
    assert.deepEqual(stage.source.confirmed, []);
    stage.sink.release();
    await run;
    assert.deepEqual(stage.source.confirmed, [2]);
  });

  it('stores a position that moved without records', async () => {
    const stage = stageTask([row(1), boundary, pause, { kind: 'keepalive' }, pause]);
    await stage.task.run(never);
    assert.deepEqual(stage.memory.commits.slice(0, 2), [1, 0]);
    assert.ok(stage.source.confirmed.includes(4));
  });

  it('fills one batch while the other is committed, and never a third', async () => {
    const rows = Array.from({ length: 40 }, (_, at) => row(at));
    const source = new ScriptedSource([...rows, boundary]);
    const stage = stageTask(source, { limits: { recordsMax: 4, arenaBytesMax: 1 << 20 } });
    stage.sink.commitFaults.push('hold');
    const run = stage.task.run(never);
    await stage.sink.holding();
    await settle();
    assert.equal(source.drains, 2, 'one batch is held, the other is full, the source waits');
    assert.deepEqual(stage.memory.commits, []);
    stage.sink.release();
    await run;
    assert.deepEqual(
      stage.memory.commits.slice(0, 10),
      Array.from({ length: 10 }, () => 4),
    );
    assert.equal(stage.sink.inFlightMax, 1);
  });

  it('drains on abort: what was emitted is committed and confirmed, even in the middle of a transaction', async () => {
    const source = new ScriptedSource([row(1), row(2), wait, row(3), boundary]);
    const stage = stageTask(source, { clock: new ManualClock() });
    const stop = new AbortController();
    const run = stage.task.run(stop.signal);
    await source.waiting();
    await settle();
    assert.deepEqual(stage.memory.commits, [], 'the transaction is not over');
    stop.abort();
    source.proceed();
    await run;
    assert.deepEqual(stage.ids(), ['1', '2']);
    assert.equal(source.confirmed.length, 1);
    assert.equal(source.confirmed.at(-1), stage.memory.offset(partition)?.['step']);
  });

  it('a source that ends with the reason for which it was stopped has not failed: what it emitted is committed', async () => {
    const source = new ScriptedSource([row(1), row(2), wait]);
    const run = source.run.bind(source);
    source.run = async (from, out, signal) => {
      await run(from, out, signal);
      signal.throwIfAborted();
    };
    const stage = stageTask(source, { clock: new ManualClock() });
    const stop = new AbortController();
    const running = stage.task.run(stop.signal);
    await source.waiting();
    stop.abort(new Error('enough'));
    source.proceed();
    await running;
    assert.deepEqual(stage.ids(), ['1', '2']);
    assert.deepEqual(source.confirmed, [stage.memory.offset(partition)?.['step']]);
  });

  it('does not wait for ever on a sink that hangs while draining', async () => {
    const clock = new ManualClock();
    const stage = stageTask(new ScriptedSource([row(1), boundary]), { clock, drainMs: 700 });
    stage.source.exhaustible = false;
    stage.sink.commitFaults.push('hold');
    const stop = new AbortController();
    const run = stage.task.run(stop.signal);
    await stage.sink.holding();
    stop.abort();
    await settle();
    await Promise.all([assert.rejects(run, /did not stop within 700 ms/), clock.advance(701)]);
    stage.sink.release();
    await settle();
    assert.deepEqual(stage.ids(), ['1']);
    assert.deepEqual(stage.source.confirmed, [], 'an outcome that comes too late belongs to nobody');
  });

  it('resolves when it is stopped before it began', async () => {
    const stage = stageTask([row(1), boundary]);
    const stop = new AbortController();
    stop.abort();
    await stage.task.run(stop.signal);
    assert.equal(stage.source.runs, 0);
  });

  it('ends with the error of the source, after the commit that is under way', async () => {
    const stage = stageTask([row(1), boundary, pause, { kind: 'fail', error: new ConnectError('postgres.slot', 'The slot is gone.') }]);
    stage.sink.commitFaults.push('hold');
    const run = stage.task.run(never);
    await stage.sink.holding();
    await settle();
    stage.sink.release();
    await assert.rejects(run, /The slot is gone/);
    assert.deepEqual(stage.ids(), ['1']);
    assert.deepEqual(stage.source.confirmed, [2]);
  });

  it('never stores a position beyond a change that was refused', async () => {
    const stage = stageTask([row(1), boundary, row(2, 'BAD'), row(3), boundary]);
    await assert.rejects(stage.task.run(never), (error: unknown) => {
      assert.ok(error instanceof ConnectError);
      assert.equal(error.code, 'data.value');
      assert.match(error.message, /Connector "rows-connector" stopped at script step \d for topic "rows" in VALUE_CONVERTER\./);
      assert.match((error.cause as ConnectError).message, /Column 1 does not fit/);
      return true;
    });
    assert.deepEqual(stage.ids(), ['1']);
    assert.deepEqual(stage.memory.offset(partition), { step: 2 });
  });

  it('commits what came before a refused change in its transaction, and goes on with exactly that change', async () => {
    const stage = stageTask([row(1), boundary, row(2), row(3), row(4, 'BAD'), row(5), boundary]);
    await assert.rejects(stage.task.run(never), /Connector "rows-connector" stopped/);
    assert.deepEqual(stage.ids(), ['1', '2', '3']);
    assert.deepEqual(stage.memory.offset(partition), { step: 4 });
    assert.deepEqual(stage.source.confirmed.at(-1), 4);
    const mended = stageTask(stage.source, { tolerance: { ...noTolerance, tolerate: 'all' } }, stage.memory);
    await mended.task.run(never);
    assert.deepEqual(mended.ids(), ['1', '2', '3', '5']);
  });

  it('a refused row that never became a change lets go what came before it, too', async () => {
    const stage = stageTask([row(1), row(2), { kind: 'reject', raw: 'a;b;c' }, row(3), boundary]);
    await assert.rejects(stage.task.run(never), /stopped in TASK_POLL/);
    assert.deepEqual(stage.ids(), ['1', '2']);
    assert.deepEqual(stage.memory.offset(partition), { step: 2 });
  });

  it('what came before a refused change waits for the commit that is under way', async () => {
    const stage = stageTask([row(1), boundary, pause, row(2), row(3, 'BAD'), row(4), boundary]);
    stage.sink.commitFaults.push('hold');
    const run = stage.task.run(never);
    await stage.sink.holding();
    await settle();
    stage.sink.release();
    await assert.rejects(run, /stopped at script step 4/);
    assert.deepEqual(stage.ids(), ['1', '2']);
    assert.deepEqual(stage.memory.commits, [1, 1]);
    assert.deepEqual(stage.memory.offset(partition), { step: 4 });
  });

  it('a refused change that is the first one leaves nothing to commit', async () => {
    const stage = stageTask([row(1, 'BAD'), row(2), boundary]);
    await assert.rejects(stage.task.run(never), /stopped at script step 0/);
    assert.deepEqual([stage.memory.commits, stage.memory.offset(partition)], [[], null]);
  });
});

const commitOnce = (fault: CommitFault) => {
  const stage = stageTask([row(1), boundary]);
  stage.sink.commitFaults.push(fault);
  return stage;
};

describe('after a failed commit', () => {
  it('what is stored already is not sent again', async () => {
    const stage = commitOnce('fail-after-commit');
    await stage.task.run(never);
    assert.deepEqual(stage.ids(), ['1']);
    assert.equal(stage.sink.attempts.length, 1);
    assert.deepEqual(stage.source.confirmed, [2]);
  });

  it('what is not stored is sent again, the same bytes', async () => {
    const stage = commitOnce('reject');
    await stage.task.run(never);
    assert.deepEqual(stage.ids(), ['1']);
    assert.equal(stage.sink.attempts.length, 2);
    assert.equal(stage.sink.attempts[0], stage.sink.attempts[1]);
    assert.equal(stage.memory.opened, 2);
  });

  it('offsets that somebody else moved end the task', async () => {
    const stage = commitOnce('hold');
    const run = stage.task.run(never);
    await stage.sink.holding();
    const failing = stage.memory.commit.bind(stage.memory);
    stage.memory.commit = () => {
      stage.memory.offsets = [{ partition, offset: { step: 99 } }];
      stage.memory.commit = failing;
      return Promise.reject(transient());
    };
    stage.sink.release();
    await assert.rejects(run, /neither those before it nor those of the batch/);
    assert.deepEqual(stage.source.confirmed, []);
  });

  it('a fenced task stops at once and asks nothing', async () => {
    const stage = commitOnce(new ConnectError('kafka.fenced', 'A newer task took over.'));
    await assert.rejects(stage.task.run(never), /A newer task took over/);
    assert.equal(stage.memory.opened, 1);
  });

  it('an error that does not go away by waiting is not tried again', async () => {
    const stage = commitOnce(new ConnectError('kafka.record-too-large', 'Too large.'));
    await assert.rejects(stage.task.run(never), /Too large/);
    assert.equal(stage.sink.attempts.length, 1);
  });

  it('gives up after a bound, with the error', async () => {
    const stage = commitOnce('reject');
    for (let count = 0; count < 20; count += 1) stage.sink.commitFaults.push('reject');
    await assert.rejects(stage.task.run(never), /The broker did not answer/);
    assert.equal(stage.sink.attempts.length, 6);
    assert.deepEqual(stage.ids(), []);
  });

  it('a sink that cannot be opened at first is asked again before anything is sent', async () => {
    const stage = commitOnce('fail-after-commit');
    const run = stage.task.run(never);
    stage.sink.openFaults.push(transient(), transient());
    await run;
    assert.deepEqual(stage.ids(), ['1']);
    assert.equal(stage.sink.attempts.length, 1);
    assert.deepEqual(stage.sink.openFaults, []);
  });
});

describe('a commit that is held up', () => {
  it('is told about with the reason, and so is its end', async () => {
    const told: unknown[] = [];
    const stage = stageTask([row(1), boundary], { onStarted: () => told.push('under way'), onTrouble: (reason) => told.push(reason) });
    stage.sink.commitFaults.push('reject');
    await stage.task.run(never);
    assert.deepEqual(told.map(String), ['under way', String(transient()), 'under way']);
  });

  it('is told about when nobody knows why', async () => {
    const told: string[] = [];
    const clock = new ManualClock();
    const stage = stageTask([row(1), boundary], {
      clock,
      onStarted: () => told.push('under way'),
      onTrouble: (reason) => told.push((reason as Error).message),
    });
    stage.sink.commitFaults.push('hold');
    const run = stage.task.run(never);
    await stage.sink.holding();
    await clock.advance(9_999);
    assert.deepEqual(told, ['under way']);
    await clock.advance(1);
    assert.match(told[1] ?? '', /1 records has had no answer from Kafka for 10 s/);
    stage.sink.release();
    await run;
    assert.deepEqual(told.length, 3);
    assert.equal(told[2], 'under way');
  });

  it('and one that goes through is not worth a word', async () => {
    const told: unknown[] = [];
    const stage = stageTask([row(1), boundary], { onTrouble: (reason) => told.push(reason) });
    await stage.task.run(never);
    assert.deepEqual(told, []);
  });
});

const fault: fc.Arbitrary<CommitFault> = fc.constantFrom('reject', 'fail-after-commit', 'slow', 'pass');
const step: fc.Arbitrary<string> = fc.constantFrom('row', 'row', 'row', 'boundary', 'keepalive', 'pause', 'bad', 'reject');

describe('exactly once', () => {
  it('every record once and in order, whatever fails and however often the task starts again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.array(fault, { maxLength: 14 }),
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 3 }),
        async (kinds, faults, recordsMax, stops) => {
          const script = kinds.map((kind, at): ScriptStep => {
            if (kind === 'row') return row(at);
            if (kind === 'bad') return row(at, 'BAD');
            return kind === 'reject' ? { kind, raw: String(at) } : ({ kind } as ScriptStep);
          });
          // What could not be converted is a dead letter, which has no key, in its place.
          const expected = script.flatMap((each) =>
            each.kind === 'row' ? [each.text === 'BAD' ? '' : each.id] : each.kind === 'reject' ? [''] : [],
          );
          const memory = new MemorySink();
          const source = new ScriptedSource(script);
          const tolerance = { ...noTolerance, tolerate: 'all', deadLetterTopic: 'dead' } as const;
          const stage = stageTask(source, { limits: { recordsMax, arenaBytesMax: 60 }, tolerance }, memory);
          stage.sink.commitFaults.push(...faults);
          // Stopped some turns into each of the first runs, and started again whenever it fails.
          for (let run = 0; run < 30; run += 1) {
            const stop = new AbortController();
            const running = stage.task.run(stop.signal).then(
              () => true,
              () => false,
            );
            const turns = stops[run];
            if (turns !== undefined) {
              for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
              stop.abort();
            }
            if ((await running) && turns === undefined) break;
          }
          assert.deepEqual(stage.ids(), expected);
          assert.ok(stage.sink.inFlightMax <= 1);
          assert.ok(stage.memory.commits.every((records) => records <= recordsMax));
          if (expected.length > 0) assert.equal(source.confirmed.at(-1), memory.offset(partition)?.['step']);
        },
      ),
      { numRuns: 300 },
    );
  });
});
