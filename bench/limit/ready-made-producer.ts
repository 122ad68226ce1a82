import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SequenceCheck } from '../check/sequence-check.ts';
import type { ServerAddresses } from '../engine/engine.ts';
import { EngineProcess } from '../engine/engine-process.ts';
import { TopicSet } from '../kafka/topic-set.ts';
import { monotonicMs } from '../measure/monotonic.ts';
import { processListeningOn } from '../measure/process-usage.ts';
import type { RunProgress } from '../measure/run-progress.ts';
import { TopicWatch } from '../measure/topic-watch.ts';
import { UsageLog } from '../measure/usage-log.ts';

const main = join(import.meta.dirname, 'producer-main.ts');
const timeoutMs = 120_000;

/** What Kafka takes at most from one producer with transactions: batches of records of a given size, made beforehand. */
export async function produceReadyMade(
  servers: ServerAddresses,
  parent: string,
  name: string,
  rows: number,
  valueBytes: number,
): Promise<RunProgress> {
  const folder = await mkdtemp(join(parent, 'producer-'));
  const topics = await TopicSet.create(servers.kafka, name, [name], 1);
  const process = new EngineProcess({
    name: 'The producer',
    folder,
    command: globalThis.process.execPath,
    args: [main, servers.kafka, name, String(rows), String(valueBytes)],
    config: {},
  });
  const broker = processListeningOn(Number(servers.kafka.split(':').at(-1)));
  const watch = new TopicWatch(
    topics,
    new UsageLog(() => new Map([['engine', process.pid], ...(broker === null ? [] : [['broker', broker] as const])])),
  );
  try {
    const deadline = monotonicMs() + timeoutMs;
    while (!process.log.includes('ready')) {
      process.requireRunning();
      if (monotonicMs() > deadline) throw new Error('the producer is not ready');
      await sleep(20);
    }
    await watch.begin();
    const fromMs = monotonicMs();
    globalThis.process.kill(process.pid, 'SIGUSR2');
    const check = new SequenceCheck(rows, null, (_index, _key, value) =>
      (value as Buffer | null)?.length === valueBytes ? null : 'a value of another length',
    );
    return await watch.complete(fromMs, check, timeoutMs);
  } finally {
    await watch.stop();
    await process.stop();
    await topics[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  }
}
