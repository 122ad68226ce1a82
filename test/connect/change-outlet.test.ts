import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectError, describeError } from '../../src/base/errors.ts';
import { Op, TupleRef } from '../../src/record/change.ts';
import type { HeaderNode, Shape } from '../../src/record/shape.ts';
import { Config } from '../../src/connect/config.ts';
import { createErrorTolerance } from '../../src/connect/error-tolerance.ts';
import type { Transform } from '../../src/connect/transform.ts';
import { createTransforms } from '../../src/connect/transforms/catalog.ts';
import { MemoryConverter } from '../support/memory-converter.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { ScriptedSource, boundary, partition, row } from '../support/scripted-source.ts';
import type { ScriptStep } from '../support/scripted-source.ts';
import { never, stageTask } from '../support/task-stage.ts';

const tolerateAll = createErrorTolerance(
  Config.of({
    'errors.tolerance': 'all',
    'errors.deadletterqueue.topic.name': 'dead',
    'errors.deadletterqueue.context.headers.enable': 'true',
  }),
);

const ofNewRow = (shape: Shape): Shape => ({ ...shape, value: { ...shape.value, presence: TupleRef.AFTER } as Shape['value'] });

describe('what the outlet writes', () => {
  it('a tombstone has its key and no value', async () => {
    const stage = stageTask([row(1, 'old', Op.DELETE), row(1, 'old', Op.TOMBSTONE), boundary]);
    await stage.task.run(never);
    assert.deepEqual(
      stage.memory.records.map(({ key, value }) => [key, value]),
      [
        ['{id=1}', '{id=1,text=old}'],
        ['{id=1}', null],
      ],
    );
  });

  it('a truncate has no key', async () => {
    const stage = stageTask([row(1, 'x', Op.TRUNCATE), boundary]);
    await stage.task.run(never);
    assert.equal(stage.memory.records[0]?.key, null);
  });

  it('a value whose image is absent is null', async () => {
    const stage = stageTask(new ScriptedSource([row(1), row(1, 'old', Op.DELETE), boundary], ofNewRow));
    await stage.task.run(never);
    assert.deepEqual(
      stage.memory.records.map(({ value }) => value),
      ['{id=1,text=t1}', null],
    );
  });

  it('headers: constants, cells, operations, images', async () => {
    const string = { type: 'string', optional: false } as const;
    const constant = (name: string, value: string | null, ops: HeaderNode['ops'] = null): HeaderNode => ({
      name,
      node: { kind: 'constant', schema: string, value },
      ops,
      presence: null,
    });
    const cell: HeaderNode = {
      name: 'cell',
      node: { kind: 'column', schema: string, tuple: TupleRef.ROW, column: 1 },
      ops: null,
      presence: TupleRef.AFTER,
    };
    const headers = [constant('fixed', 'é'), constant('none', null), constant('deletes', 'x', [Op.DELETE]), cell];
    const long = 'long '.repeat(200);
    const stage = stageTask(
      new ScriptedSource([row(1, 'abc'), row(1, 'old', Op.DELETE), row(2, long), boundary], (shape) => ({ ...shape, headers })),
    );
    await stage.task.run(never);
    assert.deepEqual(
      stage.memory.records.map((record) => record.headers),
      [
        { fixed: 'é', none: '~', cell: 'abc' },
        { fixed: 'é', none: '~', deletes: 'x' },
        { fixed: 'é', none: '~', cell: long },
      ],
    );
  });

  it('grows the arena for a record that does not fit and leaves its neighbours whole', async () => {
    const texts = [10, 3000, 20, 9000, 30].map((length, at) => String.fromCharCode(97 + at).repeat(length));
    const stage = stageTask([...texts.map((text, at) => row(at, text)), boundary], { limits: { recordsMax: 100, arenaBytesMax: 4096 } });
    await stage.task.run(never);
    assert.deepEqual(
      stage.memory.records.map(({ value }) => value),
      texts.map((text, at) => `{id=${at},text=${text}}`),
    );
  });

  it('refuses a change whose shape was never declared', async () => {
    const source = new ScriptedSource([row(1), boundary]);
    const stage = stageTask(source);
    const run = source.run.bind(source);
    source.run = (from, out, signal) =>
      run(
        from,
        {
          declare: () => Promise.resolve(),
          emit: (c) => out.emit(c),
          boundary: () => out.boundary(),
          reject: (...row) => out.reject(...row),
          drained: () => out.drained(),
        },
        signal,
      );
    await assert.rejects(stage.task.run(never), (error: unknown) => /TASK_POLL.*not declared/.test(describeError(error)));
  });

  it('asks for each topic once, and compiles a shape once for all operations that come out alike', async () => {
    const source = new ScriptedSource([row(1), boundary]);
    const converter = new MemoryConverter();
    const stage = stageTask(source, { keyConverter: converter, valueConverter: converter });
    const run = source.run.bind(source);
    source.run = async (from, out, signal) => {
      await out.declare(source.shape);
      await run(from, out, signal);
    };
    await stage.task.run(never);
    assert.deepEqual(stage.memory.prepared, ['rows']);
    assert.deepEqual(
      converter.compiled.map(({ part }) => part),
      ['key', 'value', 'key', 'value'],
    );
  });
});

describe('filtering', () => {
  const filter = createTransforms(Config.of({ transforms: 'f', 'transforms.f.type': 'org.apache.kafka.connect.transforms.Filter' }));

  it('leaves no record, and its position is stored after a while', async () => {
    const clock = new ManualClock();
    const source = new ScriptedSource([row(1), boundary, row(2), boundary]);
    source.exhaustible = false;
    const stage = stageTask(source, { transforms: filter, clock });
    const stop = new AbortController();
    const run = stage.task.run(stop.signal);
    await settle();
    await clock.advance(900);
    assert.deepEqual(stage.memory.commits, []);
    await clock.advance(200);
    assert.deepEqual(stage.memory.commits, [0]);
    assert.deepEqual(stage.memory.offset(partition), { step: 4 });
    stop.abort();
    await run;
    assert.match(await stage.metrics.text(), /millrace_task_filtered_total\{connector="rows-connector",task="0"\} 2/);
  });

  it('a record behind filtered ones does not wait with them', async () => {
    const even: Transform = { plan: (shape) => ({ shape, step: (change) => change.after.bytes[0]! % 2 === 0 }) };
    const clock = new ManualClock();
    const source = new ScriptedSource([row(1), boundary, { kind: 'pause' }, row(2), boundary, { kind: 'wait' }]);
    const stage = stageTask(source, { transforms: [even], clock });
    const run = stage.task.run(never);
    await source.waiting();
    await settle();
    assert.deepEqual(stage.ids(), ['2']);
    source.proceed();
    await run;
  });
});

describe('tolerated errors', () => {
  const script: readonly ScriptStep[] = [row(1), row(2, 'BAD'), row(3), { kind: 'reject', raw: 'a;b;c;d' }, row(4), boundary];

  it('are dead letters in place, in the same commit, and leave no trace in their neighbours', async () => {
    const stage = stageTask(script, { tolerance: tolerateAll });
    await stage.task.run(never);
    assert.deepEqual(stage.memory.commits, [5]);
    const [one, bad, three, ragged, four] = stage.memory.records;
    assert.deepEqual([one?.value, three?.value, four?.value], ['{id=1,text=t1}', '{id=3,text=t3}', '{id=4,text=t4}']);
    assert.equal(bad?.topic, 'dead');
    assert.equal(bad?.key, null);
    assert.deepEqual(JSON.parse(bad?.value ?? ''), {
      connector: 'rows-connector',
      stage: 'VALUE_CONVERTER',
      topic: 'rows',
      position: 'script step 1',
      error: 'Column 1 does not fit.',
      code: 'data.value',
    });
    assert.equal(bad?.headers['__connect.errors.stage'], 'VALUE_CONVERTER');
    assert.equal(bad?.headers['__connect.errors.topic'], 'rows');
    assert.equal(ragged?.value, 'a;b;c;d');
    assert.equal(ragged?.headers['__connect.errors.exception.message'], 'The row is ragged.');
    assert.equal(ragged?.headers['__connect.errors.details'], '{"line":7}');
    assert.deepEqual(stage.memory.prepared, ['dead', 'rows']);
    const metrics = await stage.metrics.text();
    assert.match(metrics, /millrace_task_dead_letters_total\{[^}]*\} 2/);
    assert.match(metrics, /kafka_connect_source_task_source_record_poll_total\{[^}]*\} 5/);
    assert.match(metrics, /kafka_connect_source_task_source_record_write_total\{[^}]*\} 5/);
  });

  it('without a topic for them are left out and counted', async () => {
    const stage = stageTask(script, { tolerance: { ...tolerateAll, deadLetterTopic: null } });
    await stage.task.run(never);
    assert.deepEqual(stage.ids(), ['1', '3', '4']);
    assert.equal(
      stage.sink.attempts[0],
      // The lengths 6 and 14 as zigzag varints, and no headers.
      [1, 3, 4].map((id) => `\x0c{id=${id}}\x1c{id=${id},text=t${id}}\0`).join(''),
      'what was begun is rolled back',
    );
    assert.match(await stage.metrics.text(), /kafka_connect_task_error_total_records_skipped\{[^}]*\} 2/);
  });

  it('do not include faults of the program or of servers', async () => {
    const broken: Transform = {
      plan: (shape) => ({
        shape,
        step: () => {
          throw new TypeError('undefined is not a row');
        },
      }),
    };
    const stage = stageTask(script, { tolerance: tolerateAll, transforms: [broken] });
    await assert.rejects(
      stage.task.run(never),
      (error: unknown) => error instanceof ConnectError && error.code === 'internal' && /in TRANSFORMATION/.test(error.message),
    );
  });
});

describe('cutting a transaction', () => {
  it('its tail is waited for, but not for long', async () => {
    const clock = new ManualClock();
    const source = new ScriptedSource([row(1), boundary, row(2), { kind: 'wait' }, row(3), boundary]);
    const stage = stageTask(source, { clock });
    const run = stage.task.run(never);
    await source.waiting();
    await settle();
    assert.deepEqual(stage.memory.commits, [], 'the tail may come any moment');
    await clock.advance(10);
    assert.deepEqual(stage.memory.commits, [2]);
    assert.deepEqual(stage.memory.offset(partition), { step: 3 });
    source.proceed();
    await run;
    assert.deepEqual(stage.ids(), ['1', '2', '3']);
  });

  it('ends at the first boundary after the wait began', async () => {
    const clock = new ManualClock();
    const source = new ScriptedSource([row(1), row(2), { kind: 'wait' }, row(3), boundary, row(4), boundary]);
    const stage = stageTask(source, { clock });
    const run = stage.task.run(never);
    await source.waiting();
    await settle();
    source.proceed();
    await run;
    assert.deepEqual(stage.memory.commits, [3, 1]);
  });

  it('a full batch is cut at once, at the position of exactly what is in it', async () => {
    const clock = new ManualClock();
    const source = new ScriptedSource([row(1), row(2), row(3), { kind: 'wait' }, boundary]);
    const stage = stageTask(source, { clock, limits: { recordsMax: 2, arenaBytesMax: 1 << 20 } });
    const run = stage.task.run(never);
    await source.waiting();
    await settle();
    assert.deepEqual(stage.memory.commits, [2]);
    assert.deepEqual(stage.memory.offset(partition), { step: 2 });
    source.proceed();
    await run;
  });

  it('linger gathers transactions, and ends with its time', async () => {
    const clock = new ManualClock();
    const source = new ScriptedSource([row(1), boundary, { kind: 'pause' }, row(2), boundary, { kind: 'wait' }]);
    const stage = stageTask(source, { clock, lingerMs: 50 });
    const run = stage.task.run(never);
    await source.waiting();
    await clock.advance(49);
    assert.deepEqual(stage.memory.commits, []);
    await clock.advance(1);
    assert.deepEqual(stage.memory.commits, [2]);
    source.proceed();
    await run;
  });
});
