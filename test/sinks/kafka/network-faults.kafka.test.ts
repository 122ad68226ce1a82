import assert from 'node:assert/strict';
import { mock, suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { classify, ConnectError } from '../../../src/base/errors.ts';
import { Config } from '../../../src/connect/config.ts';
import type { Sink } from '../../../src/connect/sink.ts';
import type { RecordBatch } from '../../../src/record/record-batch.ts';
import { RecordBatch as Batch } from '../../../src/record/record-batch.ts';
import type { BrokerApi } from '../../../src/kafka/broker-api.ts';
import { BrokerConnection } from '../../../src/kafka/broker-connection.ts';
import { stack } from '../../support/stack.ts';
import { fillBatch, offsetOf, readCommitted, signal, SinkStage } from './sink-stage.ts';

const produceKey = 0;
const initProducerKey = 22;
const endTransactionKey = 26;

type Fault = 'none' | 'cut before' | 'cut after';

/** Puts `handle` between every connection and its requests. */
function onRequest(
  t: TestContext,
  handle: (request: () => Promise<unknown>, apiKey: number, connection: BrokerConnection) => Promise<unknown>,
): void {
  // oxlint-disable-next-line typescript/unbound-method -- called with the connection as `this` below
  const request = BrokerConnection.prototype.request;
  const patched = function (this: BrokerConnection, api: BrokerApi<unknown[], unknown>, ...args: unknown[]): Promise<unknown> {
    return handle(() => request.call(this, api, ...args), api.key, this);
  };
  const replaced = mock.method(BrokerConnection.prototype, 'request', patched as typeof request);
  t.after(() => replaced.mock.restore());
}

/**
 * Cuts the connection of requests: before they are sent, or when the broker has answered, so that the answer is lost,
 * and with it, as on a real connection, every later one.
 */
function injectFaults(t: TestContext, decide: (apiKey: number) => Fault): void {
  const cut = new WeakSet<BrokerConnection>();
  onRequest(t, async (request, apiKey, connection) => {
    const fault = decide(apiKey);
    if (fault === 'cut before') void connection.close();
    const answer = await request();
    if (fault === 'cut after') {
      cut.add(connection);
      void connection.close();
    }
    if (cut.has(connection)) throw new Error('the answer was lost');
    return answer;
  });
}

/** What the runtime does after a failed commit: reopen, compare, and send the same batch again only if it is not there. */
async function commitOrRecover(sink: Sink, batch: RecordBatch, offset: number): Promise<number> {
  for (let failures = 0; ; failures += 1) {
    try {
      // Opening meets the same faults, and is tried again as well.
      if (failures > 0 && offsetOf(await sink.open(signal)) === offset) return failures;
      await sink.commit(batch);
      return failures;
    } catch (error) {
      assert.equal(classify(error), 'retry', String(error));
    }
  }
}

suite('network faults', () => {
  test('the answer to the end of a transaction is lost: the next open reports the offset as stored, the records are there once', async (t) => {
    await using stage = new SinkStage(stack.kafka);
    const { sink } = await stage.openSink();
    await sink.commit(stage.batch(['a'], 1));
    let armed = true;
    injectFaults(t, (apiKey) => {
      if (!armed || apiKey !== endTransactionKey) return 'none';
      armed = false;
      return 'cut after';
    });
    await assert.rejects(
      sink.commit(stage.batch(['b'], 2)),
      (error) => error instanceof ConnectError && error.code === 'kafka.unreachable',
    );
    assert.equal(offsetOf(await sink.open(signal)), 2);
    assert.deepEqual(await stage.values(), ['a', 'b']);
  });

  test('what the incarnation before commits up to the moment when it is fenced is among the offsets that the next one reads', async (t) => {
    await using stage = new SinkStage(stack.kafka);
    const { sink: old } = await stage.openSink();
    await old.commit(stage.batch(['1'], 1));
    const next = stage.sink();
    const committed = ['1'];
    let turn: Promise<boolean> = Promise.resolve(true);
    const commitOld = async (may: boolean): Promise<boolean> => {
      const number = committed.length + 1;
      if (!may) return false;
      try {
        await old.commit(stage.batch([String(number)], number));
        committed.push(String(number));
        return true;
      } catch (error) {
        assert.ok(error instanceof ConnectError && error.code === 'kafka.fenced', String(error));
        return false;
      }
    };
    // Before each request that fences one of its ids the older one commits once more, while it can.
    onRequest(t, async (request, apiKey) => {
      if (apiKey === initProducerKey) await (turn = turn.then(commitOld));
      return await request();
    });
    const stored = offsetOf(await next.open(signal));
    assert.deepEqual([committed, await turn], [['1', '2', '3'], false], 'the last one was fenced');
    assert.equal(stored, 3);
    assert.deepEqual(await stage.values(), committed);
  });

  test('the end of a transaction never arrives: the next open reports the offset before, nothing of the batch is visible', async (t) => {
    await using stage = new SinkStage(stack.kafka);
    const { sink } = await stage.openSink();
    await sink.commit(stage.batch(['a'], 1));
    let armed = true;
    injectFaults(t, (apiKey) => {
      if (!armed || apiKey !== endTransactionKey) return 'none';
      armed = false;
      return 'cut before';
    });
    await assert.rejects(
      sink.commit(stage.batch(['lost'], 2)),
      (error) => error instanceof ConnectError && error.code === 'kafka.unreachable',
    );
    assert.equal(offsetOf(await sink.open(signal)), 1);
    await sink.commit(stage.batch(['b'], 2));
    assert.deepEqual(await stage.values(), ['a', 'b']);
  });

  for (const transactional of [true, false]) {
    test(`answers to writes are lost: the same bytes go again and are stored once, ${transactional ? 'with' : 'without'} transactions`, async (t) => {
      await using stage = new SinkStage(stack.kafka);
      const { sink } = await stage.openSink(
        { 'max.request.size': '2000', 'retry.backoff.ms': '5' },
        transactional ? {} : { transactionalId: null },
      );
      let writes = 0;
      injectFaults(t, (apiKey) => {
        if (apiKey !== produceKey) return 'none';
        writes += 1;
        // Seven, so that no round of up to five requests is cut at the same place again and again.
        return writes % 7 === 2 ? 'cut after' : 'none';
      });
      const values = Array.from({ length: 60 }, (_, index) => `${index} ${'x'.repeat(200)}`);
      await sink.commit(stage.batch(values, 1));
      await sink.commit(stage.batch(values, 2));
      assert.ok(writes > 20);
      assert.deepEqual(await stage.values(), [...values, ...values]);
    });
  }

  test('connections cut at random: no loss, no duplicate, order kept, by reopen and compare alone', async (t) => {
    await using stage = new SinkStage(stack.kafka);
    const partitions = { 'topic.creation.default.partitions': '5', 'topic.creation.default.replication.factor': '1' };
    const { sink } = await stage.openSink(
      { 'max.request.size': '4000', 'retry.backoff.ms': '5' },
      { topicCreation: Config.of(partitions) },
    );
    let state = 20_261_123;
    const random = (): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      return state / 0x8000_0000;
    };
    injectFaults(t, () => {
      const dice = random();
      if (dice < 0.03) return 'cut before';
      return dice < 0.06 ? 'cut after' : 'none';
    });
    const batch = new Batch();
    let failures = 0;
    let commits = 0;
    // How many requests a commit takes is up to timing, so it goes on until enough commits have failed.
    for (; commits < 60 || (failures <= 3 && commits < 600); commits += 1) {
      const commit = commits;
      const records = Array.from({ length: 100 }, (_, index) => ({
        topic: stage.topic,
        key: `k${index % 7}`,
        value: `${commit * 100 + index} ${'x'.repeat(100)}`,
      }));
      fillBatch(batch, records, commit);
      failures += await commitOrRecover(sink, batch, commit);
    }
    assert.ok(failures > 3, `only ${failures} commits failed`);
    const read = await readCommitted(stack.kafka, stage.topic);
    assert.ok(new Set(read.map(({ partition }) => partition)).size > 1, 'several partitions');
    const numbers = read.map(({ value }) => Number.parseInt(String(value), 10));
    assert.deepEqual(
      numbers.toSorted((left, right) => left - right),
      Array.from({ length: commits * 100 }, (_, index) => index),
    );
    // Partition after partition, each in the order of its offsets: a key's numbers only ever rise.
    const last = new Map<string, number>();
    for (const [index, number] of numbers.entries()) {
      const key = String(read[index]?.key);
      assert.ok((last.get(key) ?? -1) < number, `key ${key} out of order at ${number}`);
      last.set(key, number);
    }
  });
});
