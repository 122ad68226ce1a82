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

export interface ReadyMade {
  readonly rows: number;
  /** Of each record's value. */
  readonly valueBytes: number;
  /** Records of one transaction, shared out evenly among the topics. */
  readonly commitRows: number;
  readonly topics: number;
}

/** What Kafka takes at most from one producer with transactions: batches of records of a given size, made beforehand. */
export async function produceReadyMade(
  servers: ServerAddresses,
  parent: string,
  name: string,
  { rows, valueBytes, commitRows, topics: count }: ReadyMade,
): Promise<RunProgress> {
  const folder = await mkdtemp(join(parent, 'producer-'));
  const names = Array.from({ length: count }, (_none, at) => `${name}.${at}`);
  const topics = await TopicSet.create(servers.kafka, name, names, 1);
  const process = new EngineProcess({
    name: 'The producer',
    folder,
    command: globalThis.process.execPath,
    args: [main, servers.kafka, name, String(rows), String(valueBytes), String(commitRows), names.join(',')],
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
    await settled(topics, deadline);
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

/** The marks of the transactions before it are written when their ends have been answered. */
async function settled(topics: TopicSet, deadline: number): Promise<void> {
  for (let before = -1; ;) {
    const ends = (await topics.ends()).reduce((sum, end) => sum + end, 0);
    if (ends === before) return;
    if (monotonicMs() > deadline) throw new Error('the topics do not come to rest');
    before = ends;
    await sleep(300);
  }
}
