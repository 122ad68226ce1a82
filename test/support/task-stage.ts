import { silentLog } from '../../src/base/log.ts';
import { Metrics } from '../../src/base/metrics.ts';
import { noTolerance } from '../../src/connect/error-tolerance.ts';
import { Task } from '../../src/connect/task.ts';
import type { TaskOptions } from '../../src/connect/task.ts';
import { FaultySink } from './faulty-sink.ts';
import { sleeplessClock } from './manual-clock.ts';
import { MemoryConverter } from './memory-converter.ts';
import { MemorySink } from './memory-sink.ts';
import { ScriptedSource, partition } from './scripted-source.ts';
import type { ScriptStep } from './scripted-source.ts';

/** A task between a scripted source and a faulty sink over a memory sink. */
export interface TaskStage {
  readonly source: ScriptedSource;
  readonly memory: MemorySink;
  readonly sink: FaultySink;
  readonly metrics: Metrics;
  readonly task: Task;
  /** The ids of the records stored, in order. */
  ids(): string[];
}

export function stageTask(
  source: ScriptedSource | readonly ScriptStep[],
  options: Partial<TaskOptions> = {},
  memory = new MemorySink(),
): TaskStage {
  const scripted = source instanceof ScriptedSource ? source : new ScriptedSource(source);
  const sink = new FaultySink(memory);
  const metrics = new Metrics();
  scripted.durable = () => Number(memory.offset(partition)?.['step'] ?? -1);
  const converter = new MemoryConverter();
  const task = new Task({
    connector: 'rows-connector',
    taskId: 0,
    source: scripted,
    sink,
    keyConverter: converter,
    valueConverter: converter,
    headerConverter: converter,
    transforms: [],
    tolerance: noTolerance,
    lingerMs: 0,
    clock: sleeplessClock,
    log: silentLog,
    metrics,
    ...options,
  });
  return {
    source: scripted,
    memory,
    sink,
    metrics,
    task,
    ids: () => memory.records.map((record) => /id=([^,}]*)/.exec(record.key ?? '')?.[1] ?? ''),
  };
}

export const never = new AbortController().signal;
