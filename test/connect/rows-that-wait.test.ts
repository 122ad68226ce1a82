import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectError } from '../../src/base/errors.ts';
import type { ChangeOutlet } from '../../src/connect/source.ts';
import type { Transform } from '../../src/connect/transform.ts';
import { MemorySink } from '../support/memory-sink.ts';
import { ScriptedSource, boundary, row } from '../support/scripted-source.ts';
import { never, stageTask } from '../support/task-stage.ts';

/** Every row goes to one topic that only rows name. */
const routed: Transform = {
  plan: (shape) => ({ shape, step: null, route: { targets: [{ topic: 'named', tombstone: false }], choose: () => 0 } }),
};

/** What a source of `script` was answered, call by call; one that does not listen goes on without waiting for room. */
function observed(source: ScriptedSource, listens: boolean): boolean[] {
  const answers: boolean[] = [];
  const told = (answer: boolean): boolean => {
    answers.push(answer);
    return !listens || answer;
  };
  const run = source.run.bind(source);
  source.run = (from, out, signal) => {
    const outlet: ChangeOutlet = {
      declare: (shape) => out.declare(shape),
      emit: (change) => told(out.emit(change)),
      boundary: () => told(out.boundary()),
      reject: (...row) => told(out.reject(...row)),
      drained: () => out.drained(),
    };
    return run(from, outlet, signal);
  };
  return answers;
}

describe('while rows wait for a topic that one of them named', () => {
  it('there is no room, whatever is emitted, and then there is; the order stays', async () => {
    const source = new ScriptedSource([row(1), boundary, row(2), boundary, { kind: 'pause' }, row(3), boundary]);
    const answers = observed(source, false);
    const stage = stageTask(source, { transforms: [routed] });
    await stage.task.run(never);
    assert.deepEqual(answers, [false, false, false, false, true, true]);
    assert.deepEqual(stage.ids(), ['1', '2', '3']);
  });

  it('a source that listens has one row waiting, and goes on when the topic is there', async () => {
    const source = new ScriptedSource([row(1), row(2), row(3), boundary]);
    const answers = observed(source, true);
    const memory = new MemorySink();
    const ready = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const prepare = memory.prepareTopic.bind(memory);
    memory.prepareTopic = async (topic) => {
      asked.resolve();
      await ready.promise;
      await prepare(topic);
    };
    const stage = stageTask(source, { transforms: [routed] }, memory);
    const run = stage.task.run(never);
    await asked.promise;
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(answers, [false]);
    assert.deepEqual(memory.commits, []);
    ready.resolve();
    await run;
    assert.deepEqual(stage.ids(), ['1', '2', '3']);
  });

  it('a row that is refused behind them ends the task for its own reason, and nothing is committed', async () => {
    const source = new ScriptedSource([row(1), boundary, { kind: 'reject', raw: 'a;b' }]);
    observed(source, false);
    // It would count the row that waits, and a position that was told once is not told again.
    let asked = 0;
    const position = source.position.bind(source);
    source.position = () => {
      asked += 1;
      return position();
    };
    const stage = stageTask(source, { transforms: [routed] });
    await assert.rejects(
      stage.task.run(never),
      (error: unknown) => error instanceof ConnectError && error.code === 'data.row' && /ragged/.test(String(error.cause)),
    );
    assert.deepEqual(stage.memory.commits, []);
    assert.equal(asked, 0, 'the position is not asked for while rows wait');
  });
});
