import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { Metrics } from '../../src/base/metrics.ts';
import { BatchPair } from '../../src/connect/batch-pair.ts';
import { TaskOutlet } from '../../src/connect/change-outlet.ts';
import type { Converter } from '../../src/connect/converter.ts';
import { FailureLog, noTolerance } from '../../src/connect/error-tolerance.ts';
import { TaskMetrics } from '../../src/connect/task-metrics.ts';
import { nextRowSchemaId } from '../../src/record/row-schema.ts';
import { recordBatchLimits } from '../../src/record/record-batch.ts';
import { MemorySink } from '../support/memory-sink.ts';
import { ScriptedSource } from '../support/scripted-source.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

test('a table that changes shape again and again leaves nothing of its old shapes behind', async () => {
  // Its encoders hold the schema, as real ones do.
  const converter: Converter = { compile: (_node, { schema }) => Promise.resolve({ encode: (_change, out) => out.ascii(schema.name) }) };
  const batches = new BatchPair({ limits: recordBatchLimits, lingerMs: 0, clock: systemClock, position: () => [] });
  const outlet = new TaskOutlet({
    connector: 'shapes',
    taskId: 0,
    sink: new MemorySink(),
    batches,
    planner: { transforms: [], keyConverter: converter, valueConverter: converter, headerConverter: converter },
    tolerance: noTolerance,
    failures: new FailureLog(noTolerance, systemClock, silentLog),
    metrics: new TaskMetrics(new Metrics(), 'shapes', 0),
  });
  const source = new ScriptedSource([]);
  const old: WeakRef<object>[] = [];
  for (let version = 0; version < 100; version += 1) {
    const schema = { ...source.shape.schema, id: nextRowSchemaId() };
    old.push(new WeakRef(schema));
    await outlet.declare({ ...source.shape, schema });
    source.change.schema = schema;
    outlet.emit(source.change);
  }
  // A reference lives as long as the turn of the event loop that made it.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  assert.ok(old.filter((each) => each.deref() !== undefined).length <= 2, 'the last shape, and the one looked up last');
  batches.fail(new Error('the test is over'));
});
