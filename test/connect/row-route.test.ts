import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BatchPair } from '../../src/connect/batch-pair.ts';
import { recordBatchLimits } from '../../src/record/record-batch.ts';
import { sleeplessClock } from '../support/manual-clock.ts';
import { ConnectError } from '../../src/base/errors.ts';
import type { Change } from '../../src/record/change.ts';
import type { Transform } from '../../src/connect/transform.ts';
import { Config } from '../../src/connect/config.ts';
import { createTransforms } from '../../src/connect/transforms/catalog.ts';
import { rowReader } from '../../src/connect/transforms/row-value.ts';
import { RowTopics } from '../../src/connect/transforms/row-topics.ts';
import { MemorySink } from '../support/memory-sink.ts';
import { ScriptedSource, boundary, partition, row } from '../support/scripted-source.ts';
import type { ScriptStep } from '../support/scripted-source.ts';
import { never, stageTask } from '../support/task-stage.ts';

/** The topic is the row's text. */
const byText: Transform = {
  plan(shape) {
    const text = rowReader({ kind: 'column', schema: { type: 'string', optional: true }, tuple: 2, column: 1 }, shape.schema);
    return { shape, step: null, route: new RowTopics((change: Change) => String(text(change))) };
  },
};

/** Takes its time with each topic, and refuses some at first. */
class SlowSink extends MemorySink {
  failures: readonly string[] = [];

  override async prepareTopic(topic: string): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    if (this.failures.includes(topic)) {
      this.failures = this.failures.filter((each) => each !== topic);
      throw new ConnectError('kafka.transient', `no leader for ${topic}`);
    }
    await super.prepareTopic(topic);
  }
}

function because(reason: RegExp): (error: Error) => boolean {
  return (error) => reason.test(String(error.cause));
}

const position = () => [{ partition, offset: { step: 1 } }];
const rowsOf = (topics: readonly string[], from = 0): ScriptStep[] => topics.flatMap((topic, at) => [row(from + at, topic), boundary]);
const topics = ['a', 'b', 'a', 'c', 'b', 'a', 'd'];

describe('topics chosen per row', () => {
  it('each row once, in order, to its topic, whatever had to wait; the position covers exactly what is committed', async () => {
    const sink = new SlowSink();
    const stage = stageTask(rowsOf(topics), { transforms: [byText] }, sink);
    await stage.task.run(never);
    assert.deepEqual(
      sink.records.map(({ topic }) => topic),
      topics,
    );
    assert.deepEqual(
      stage.ids(),
      topics.map((_topic, at) => String(at)),
    );
    assert.deepEqual(sink.offset(partition), { step: topics.length * 2 });
    assert.deepEqual(sink.prepared.toSorted(), ['a', 'b', 'c', 'd']);
  });

  it('without boundaries between the rows, and with the last row waiting when the source ends', async () => {
    const sink = new SlowSink();
    const stage = stageTask([...topics.map((topic, at) => row(at, topic)), boundary, row(99, 'e')], { transforms: [byText] }, sink);
    await stage.task.run(never);
    assert.deepEqual(
      sink.records.map(({ topic }) => topic),
      [...topics, 'e'],
    );
    assert.deepEqual(sink.offset(partition), { step: topics.length + 2 });
  });

  it('nothing is committed beyond a topic that cannot be had; the next run goes on there', async () => {
    const sink = new SlowSink();
    sink.failures = ['c'];
    const source = new ScriptedSource(rowsOf(topics));
    const stage = stageTask(source, { transforms: [byText] }, sink);
    await assert.rejects(stage.task.run(never), /no leader for c/);
    const stored = Number(sink.offset(partition)?.['step'] ?? 0);
    assert.ok(stored <= 6, `position ${stored} is beyond the row that waits`);
    assert.equal(sink.records.length, Math.floor(stored / 2));
    const again = stageTask(new ScriptedSource(rowsOf(topics)), { transforms: [byText] }, sink);
    await again.task.run(never);
    assert.deepEqual(
      sink.records.map(({ topic }) => topic),
      topics,
    );
  });

  it('a row that cannot be converted behind one that waits takes nothing with it', async () => {
    const sink = new SlowSink();
    const bad = new ScriptedSource([row(1, 'a'), boundary, row('BAD', 'b'), boundary, row(3, 'c'), boundary]);
    await assert.rejects(stageTask(bad, { transforms: [byText] }, sink).task.run(never), because(/does not fit/));
    const stored = Number(sink.offset(partition)?.['step'] ?? 0);
    assert.ok(stored <= 3, `position ${stored} covers the row that was not written`);
    assert.deepEqual(
      sink.records.map(({ topic }) => topic),
      stored >= 1 ? ['a'] : [],
    );
  });

  it('transforms that follow see each topic by itself, and may choose again: rows wait for every choice', async () => {
    const rename = createTransforms(
      Config.of({ transforms: 'A', 'transforms.A.type': 'RegexRouter', 'transforms.A.regex': '(a|b)', 'transforms.A.replacement': 'x.$1' }),
    );
    const sink = new SlowSink();
    await stageTask(rowsOf(topics), { transforms: [byText, ...rename] }, sink).task.run(never);
    assert.deepEqual(
      sink.records.map(({ topic }) => topic),
      topics.map((topic) => (topic === 'a' || topic === 'b' ? `x.${topic}` : topic)),
    );
    const twice = new SlowSink();
    const byTopicAndText: Transform = {
      plan(shape) {
        const text = rowReader({ kind: 'column', schema: { type: 'string', optional: true }, tuple: 2, column: 1 }, shape.schema);
        return { shape, step: null, route: new RowTopics((change: Change) => `${shape.topic}.${String(text(change))}`) };
      },
    };
    await stageTask(rowsOf(topics), { transforms: [byText, byTopicAndText] }, twice).task.run(never);
    assert.deepEqual(
      twice.records.map(({ topic }) => topic),
      topics.map((topic) => `${topic}.${topic}`),
    );
    assert.deepEqual(twice.prepared.toSorted(), ['a.a', 'b.b', 'c.c', 'd.d'], 'what is only passed through is no topic');
    assert.deepEqual(twice.offset(partition), { step: topics.length * 2 });
  });

  it('a source that ends while a row waits is not over before that row is out', async () => {
    const pair = new BatchPair({ limits: recordBatchLimits, lingerMs: 0, clock: sleeplessClock, position });
    pair.hold();
    pair.end();
    const next = pair.next();
    const early = Symbol('nothing yet');
    assert.equal(await Promise.race([next, new Promise((resolve) => setImmediate(resolve, early))]), early);
    pair.filling.add(pair.topicIndex('a'), null, null, null, 0);
    pair.appended();
    pair.resume();
    assert.equal((await next)?.batch.length, 1);
  });

  it("a name that Kafka does not allow is the row's fault", async () => {
    await assert.rejects(
      stageTask(rowsOf(['a', 'b c']), { transforms: [byText] }).task.run(never),
      because(/a topic that Kafka does not allow/),
    );
  });
});
