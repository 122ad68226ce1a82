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
import { ScriptedSource, fillTuple } from '../support/scripted-source.ts';
import { MemorySink } from '../support/memory-sink.ts';

/**
 * What the runtime itself costs per row: plan look-up, arena, bookkeeping, with encoders that copy one cell each.
 * `node test/bench/emit.bench.ts [ROWS]`; prints nanoseconds per row, the median of seven runs, for each chain.
 */
const rows = Number(process.argv[2] ?? 2_000_000);

const copyCell: Converter = {
  compile: (_node, { part }) => {
    const column = part === 'key' ? 0 : 1;
    return Promise.resolve({
      encode(change, out) {
        const tuple = change.after;
        out.copy(tuple.bytes, tuple.start[column]!, tuple.end[column]!);
      },
    });
  },
};

async function measure(name: string, config: Record<string, string>): Promise<void> {
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
  const results: number[] = [];
  let heapBytes = 0;
  for (let run = 0; run < 8; run += 1) {
    const heapBefore = process.memoryUsage().heapUsed;
    const start = clock.monotonic();
    for (let row = 0; row < rows; row += 1) if (!outlet.emit(source.change)) await outlet.drained();
    const nanoseconds = ((clock.monotonic() - start) * 1e6) / rows;
    heapBytes = (process.memoryUsage().heapUsed - heapBefore) / rows;
    if (run > 0) results.push(nanoseconds);
  }
  batches.end();
  await drain;
  const median = results.sort((a, b) => a - b)[3]!;
  process.stdout.write(`${name}: ${median.toFixed(1)} ns/row, heap growth ${heapBytes.toFixed(2)} bytes/row in the last run\n`);
}

const constantHeader = {
  transforms: 'h',
  'transforms.h.type': 'InsertHeader',
  'transforms.h.header': 'from',
  'transforms.h.value.literal': 'bench',
};
await measure('no transforms', {});
await measure('a constant header', constantHeader);
await measure('all filtered', { transforms: 'f', 'transforms.f.type': 'Filter' });
await measure('no transforms, again', {});
