import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { Metrics } from '../../src/base/metrics.ts';
import { BatchPair } from '../../src/connect/batch-pair.ts';
import { TaskOutlet } from '../../src/connect/change-outlet.ts';
import type { Converter } from '../../src/connect/converter.ts';
import { FailureLog, noTolerance } from '../../src/connect/error-tolerance.ts';
import { TaskMetrics } from '../../src/connect/task-metrics.ts';
import { Config } from '../../src/connect/config.ts';
import { createTransforms } from '../../src/connect/transforms/catalog.ts';
import { recordBatchLimits } from '../../src/record/record-batch.ts';
import { ScriptedSource, fillTuple } from '../../test/support/scripted-source.ts';
import { MemorySink } from '../../test/support/memory-sink.ts';
import type { MicroBenchmark } from './micro-benchmark.ts';

const rows = 10_000;

const copyCell: Converter = {
  compile: (_node, { part }) => {
    const column = part === 'key' ? 0 : 1;
    return Promise.resolve({
      encode(change, out) {
        const tuple = change.after;
        out.copy(tuple.bytes, tuple.start[column] as number, tuple.end[column] as number);
      },
    });
  },
};

/** What the runtime itself costs per row: plan look-up, arena, bookkeeping, with encoders that copy one cell each. */
async function emit(name: string, config: Record<string, string>): Promise<MicroBenchmark> {
  const source = new ScriptedSource([]);
  const clock = systemClock;
  let position = 0;
  const batches = new BatchPair({
    limits: recordBatchLimits,
    lingerMs: 0,
    clock,
    position: () => [{ partition: { bench: 'one' }, offset: { position: (position += 1) } }],
  });
  const outlet = new TaskOutlet({
    connector: 'bench',
    taskId: 0,
    sink: new MemorySink(),
    batches,
    planner: {
      transforms: createTransforms(Config.of(config)),
      keyConverter: copyCell,
      valueConverter: copyCell,
      headerConverter: copyCell,
    },
    tolerance: noTolerance,
    failures: new FailureLog(noTolerance, clock, silentLog),
    metrics: new TaskMetrics(new Metrics(), 'bench', 0),
  });
  await outlet.declare(source.shape);
  fillTuple(source.change.after, ['1234567', 'a value of twenty by']);
  const drain = (async () => {
    for (let sealed = await batches.next(); sealed !== null; sealed = await batches.next()) batches.release(sealed);
  })();
  // Ends with the process, like the source that it stands for.
  drain.catch(() => undefined);
  return {
    name: `emit, ${name}`,
    unit: 'row',
    units: rows,
    run: async () => {
      for (let row = 0; row < rows; row += 1) if (!outlet.emit(source.change)) await outlet.drained();
    },
  };
}

export async function emitBenchmarks(): Promise<readonly MicroBenchmark[]> {
  const constantHeader = {
    transforms: 'h',
    'transforms.h.type': 'InsertHeader',
    'transforms.h.header': 'from',
    'transforms.h.value.literal': 'bench',
  };
  return [
    await emit('no transforms', {}),
    await emit('a constant header', constantHeader),
    await emit('all filtered', { transforms: 'f', 'transforms.f.type': 'Filter' }),
  ];
}
