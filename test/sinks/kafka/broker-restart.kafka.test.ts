import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { classify, ConnectError } from '../../../src/base/errors.ts';
import { Config } from '../../../src/connect/config.ts';
import type { Sink } from '../../../src/connect/sink.ts';
import { RecordBatch } from '../../../src/record/record-batch.ts';
import { startOwnKafka } from '../../support/own-kafka.ts';
import { fillBatch, offsetOf, readCommitted, signal, SinkStage } from './sink-stage.ts';

const perCommit = 200;
const keys = 11;

for (const brokers of [1, 3]) {
  test(
    `${brokers} broker(s), killed and started again during commits: no loss, no duplicate, order per key`,
    { timeout: 400_000 },
    async (t) => {
      const directory = await mkdtemp(join(tmpdir(), 'broker-restart-'));
      t.after(() => rm(directory, { recursive: true, force: true }));
      await using kafka = await startOwnKafka(directory, { brokers });
      await using stage = new SinkStage(kafka.bootstrapServers);
      const creation = Config.of({
        'topic.creation.default.partitions': '4',
        'topic.creation.default.replication.factor': String(brokers),
        'topic.creation.default.min.insync.replicas': brokers === 1 ? '1' : '2',
      });
      const { sink } = await openOnceKnown(() => stage.openSink({ 'max.request.size': '10000' }, { topicCreation: creation }));
      const batch = new RecordBatch();
      let commits = 0;
      let recoveries = 0;
      const commitNext = async (): Promise<void> => {
        const records = Array.from({ length: perCommit }, (_, index) => {
          const number = commits * perCommit + index;
          return { topic: stage.topic, key: `k${number % keys}`, value: `${number} ${'x'.repeat(100)}` };
        });
        fillBatch(batch, records, commits);
        recoveries += await commitOrRecover(sink, batch, commits);
        commits += 1;
      };
      for (const id of brokers === 1 ? [1, 1] : [1, 2, 3]) {
        for (let before = 0; before < 10; before += 1) await commitNext();
        const restarting = (async () => {
          await kafka.killBroker(id);
          await kafka.startBroker(id);
        })();
        const broker = { restarted: false };
        void restarting.then(() => {
          broker.restarted = true;
        });
        do await commitNext();
        while (!broker.restarted);
        await restarting;
      }
      for (let after = 0; after < 5; after += 1) await commitNext();
      t.diagnostic(`${commits} commits, ${recoveries} recoveries`);
      verify(await readCommitted(kafka.bootstrapServers, stage.topic), commits);
    },
  );
}

/** What the runtime does after a failed commit: reopen, compare, and send the same batch again only if it is not there. */
async function commitOrRecover(sink: Sink, batch: RecordBatch, offset: number): Promise<number> {
  for (let failures = 0; ;) {
    try {
      await sink.commit(batch);
      return failures;
    } catch (error) {
      failures += 1;
      assert.equal(classify(error), 'retry', String(error));
    }
    if (offsetOf(await reopen(sink)) === offset) return failures;
  }
}

/** A topic that was made a moment ago may be unknown to one of the brokers, which the runtime tries again. */
async function openOnceKnown<T>(open: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof ConnectError) || error.code !== 'kafka.transient') throw error;
    }
  }
}

async function reopen(sink: Sink): ReturnType<Sink['open']> {
  for (;;) {
    try {
      return await sink.open(signal);
    } catch (error) {
      if (!(error instanceof ConnectError) || classify(error) !== 'retry') throw error;
    }
  }
}

function verify(read: Awaited<ReturnType<typeof readCommitted>>, commits: number): void {
  const numbers = read.map(({ value }) => Number.parseInt(String(value), 10));
  assert.deepEqual(
    numbers.toSorted((left, right) => left - right),
    Array.from({ length: commits * perCommit }, (_, index) => index),
  );
  const last = new Map<string, number>();
  for (const { key, value } of read) {
    const number = Number.parseInt(String(value), 10);
    assert.ok((last.get(String(key)) ?? -1) < number, `key ${String(key)} out of order at ${number}`);
    last.set(String(key), number);
  }
}
