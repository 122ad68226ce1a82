import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectError } from '../../src/base/errors.ts';
import { Config } from '../../src/connect/config.ts';
import { createErrorTolerance } from '../../src/connect/error-tolerance.ts';
import type { Transform } from '../../src/connect/transform.ts';
import { Op } from '../../src/record/change.ts';
import { captureLog } from '../support/capture-log.ts';
import { MemoryConverter } from '../support/memory-converter.ts';
import { ScriptedSource, boundary, row } from '../support/scripted-source.ts';
import { never, stageTask, type TaskStage } from '../support/task-stage.ts';

/** Rows with an even id go to one topic, the others to another; only rows name them. */
const parity: Transform = {
  plan: (shape) => ({
    shape,
    step: null,
    route: {
      targets: ['even', 'odd'].map((topic) => ({ topic, tombstone: false })),
      choose: ({ op, before, after }) => {
        const image = op === Op.CREATE ? after : before;
        return (image.bytes[image.start[0] ?? 0] ?? 0) % 2;
      },
    },
  }),
};

const parking = {
  'errors.tolerance': 'all',
  'errors.deadletterqueue.topic.name': 'dead',
  'errors.deadletterqueue.context.headers.enable': 'true',
  'schema.change.refused.policy': 'dead_letter',
};

/** Six rows of a source that can tell of each, into topics of which `even` refuses their schema with this status. */
function stageRefusal(
  config: Readonly<Record<string, string>>,
  status = 409,
): TaskStage & { readonly lines: ReturnType<typeof captureLog>['lines'] } {
  const source = new ScriptedSource([
    ...[1, 2, 3, 4].map((id) => row(id)),
    ...[Op.DELETE, Op.TOMBSTONE].flatMap((op) => [row(2, 't2', op), row(3, 't3', op)]),
    boundary,
  ]);
  source.change.letter = ({ op, before, after }, topic) => {
    const { bytes, start, end } = op === Op.CREATE ? after : before;
    const id = Buffer.from(bytes.subarray(start[0], end[0]));
    return { raw: Buffer.from(`${op} of ${id.toString()} for ${topic}`), key: id };
  };
  const converter = new MemoryConverter();
  const compile = converter.compile.bind(converter);
  converter.compile = async (node, context) => {
    if (context.topic === 'even' && context.part === 'value')
      throw new ConnectError('registry.schema', 'It is incompatible.', { remedy: 'Ask.', details: { status, subject: 'even-value' } });
    return compile(node, context);
  };
  const { log, lines } = captureLog();
  const tolerance = createErrorTolerance(Config.of(config));
  return { ...stageTask(source, { transforms: [parity], tolerance, valueConverter: converter, log }), lines };
}

describe('a schema that is refused when the first row of a topic comes', () => {
  it('ends the task, unless its rows are to become dead letters and there is a topic for them', async () => {
    const { 'errors.deadletterqueue.topic.name': _topic, ...nowhere } = parking;
    for (const config of [{}, { ...parking, 'schema.change.refused.policy': 'new_topic' }, nowhere])
      await assert.rejects(stageRefusal(config).task.run(never), { code: 'registry.schema' });
    await assert.rejects(stageRefusal(parking, 422).task.run(never), { code: 'registry.schema' });
  });

  it('makes dead letters of the rows for that topic, in their place, with what the source tells of them', async () => {
    const { task, memory, lines, metrics } = stageRefusal(parking);
    await task.run(never);
    assert.deepEqual(
      memory.records.map(({ topic, key, value }) => [topic, key, value]),
      [
        ['odd', '{id=1}', '{id=1,text=t1}'],
        ['dead', '2', '0 of 2 for even'],
        ['odd', '{id=3}', '{id=3,text=t3}'],
        ['dead', '4', '0 of 4 for even'],
        ['dead', '2', '2 of 2 for even'],
        ['odd', '{id=3}', '{id=3,text=t3}'],
        // Its schema is that of the key alone.
        ['even', '{id=2}', null],
        ['odd', '{id=3}', null],
      ],
    );
    const headers = memory.records.find(({ topic }) => topic === 'dead')?.headers ?? {};
    assert.equal(headers['__connect.errors.topic'], 'even');
    assert.equal(headers['__connect.errors.details'], '{"status":409,"subject":"even-value","topic":"even"}');
    assert.match(
      headers['__connect.errors.exception.message'] ?? '',
      /^A row for topic "even" cannot be written \(script step 1\)\. It is inc/,
    );
    assert.match(String(lines[0]?.['msg']), /^The schema of topic "even" was refused\. It is incompatible\. Until it is accepted/);
    assert.match(await metrics.text(), /millrace_task_dead_letters_total\{[^}]*\} 3/);
  });
});
