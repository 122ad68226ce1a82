import assert from 'node:assert/strict';
import { mock, suite, test } from 'node:test';
import type { Producer, Transaction } from 'kafkajs';
import { systemClock } from '../../src/base/clock.ts';
import { ConnectError } from '../../src/base/errors.ts';
import { Config } from '../../src/connect/config.ts';
import { ClientConfig } from '../../src/kafka/client-config.ts';
import { ApiKey } from '../../src/kafka/cluster-api.ts';
import { Cluster } from '../../src/kafka/cluster.ts';
import { kafkaError, KafkaCode } from '../../src/kafka/kafka-error.ts';
import { TopicAdmin } from '../../src/kafka/topic-admin.ts';
import { TopicReader } from '../../src/kafka/topic-reader.ts';
import { kafkaClient } from '../support/kafka-client.ts';
import { stack } from '../support/stack.ts';
import { uniqueName } from '../support/unique-name.ts';

const client = new ClientConfig(Config.of({ 'bootstrap.servers': stack.kafka }));
const kafka = kafkaClient(stack.kafka);

/** A topic, our reader on it, and kafkajs producers that write to it. */
class ReaderStage implements AsyncDisposable {
  readonly topic = uniqueName('read');
  readonly cluster = new Cluster(client, systemClock);
  readonly reader = new TopicReader(this.cluster, this.topic, systemClock);
  readonly seen: string[] = [];
  readonly #producers: Producer[] = [];

  static async open(partitions = 1): Promise<ReaderStage> {
    const stage = new ReaderStage();
    const admin = new TopicAdmin(client, systemClock);
    await admin.create({ name: stage.topic, partitions, replicationFactor: 1, settings: {} });
    await admin.close();
    return stage;
  }

  async read(): Promise<string[]> {
    await this.reader.readToEnd(({ value }) => this.seen.push(String(value)));
    return this.seen;
  }

  async producer(transactional: boolean): Promise<Producer> {
    const producer = kafka.producer(transactional ? { transactionalId: uniqueName('tx'), maxInFlightRequests: 1, idempotent: true } : {});
    this.#producers.push(producer);
    await producer.connect();
    return producer;
  }

  async send(to: Producer | Transaction, ...values: string[]): Promise<void> {
    await to.send({ topic: this.topic, messages: values.map((value) => ({ value, partition: 0 })) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.close();
    await Promise.all(this.#producers.map((producer) => producer.disconnect()));
  }
}

suite('topic reader', () => {
  test('an empty topic of many partitions is read without waiting for records', async () => {
    await using stage = await ReaderStage.open(25);
    const { mock: call } = mock.method(stage.cluster, 'call');
    assert.deepEqual(await stage.read(), []);
    const asked = new Set(call.calls.map(({ arguments: args }) => args[2].key));
    assert.ok(asked.has(ApiKey.LIST_OFFSETS) && !asked.has(ApiKey.FETCH), [...asked].join());
  });

  test('each call goes on where the last one stopped', async () => {
    await using stage = await ReaderStage.open();
    const producer = await stage.producer(false);
    await stage.send(producer, 'a', 'b');
    assert.deepEqual(await stage.read(), ['a', 'b']);
    assert.deepEqual(await stage.read(), ['a', 'b']);
    await stage.send(producer, 'c');
    assert.deepEqual(await stage.read(), ['a', 'b', 'c']);
  });

  test('aborted transactions and markers are left out, also between committed ones', async () => {
    await using stage = await ReaderStage.open();
    const [first, second] = [await stage.producer(true), await stage.producer(true)];
    const kept = await first.transaction();
    await stage.send(kept, 'kept 1');
    const dropped = await second.transaction();
    await stage.send(dropped, 'dropped 1');
    await stage.send(kept, 'kept 2');
    await stage.send(dropped, 'dropped 2');
    await dropped.abort();
    await kept.commit();
    const again = await second.transaction();
    await stage.send(again, 'kept 3');
    await again.commit();
    assert.deepEqual(await stage.read(), ['kept 1', 'kept 2', 'kept 3']);
  });

  test("a committed record behind another producer's open transaction is waited for, not missed", async () => {
    await using stage = await ReaderStage.open();
    const [slow, quick] = [await stage.producer(true), await stage.producer(true)];
    const open = await slow.transaction();
    await stage.send(open, 'open');
    const done = await quick.transaction();
    await stage.send(done, 'committed');
    await done.commit();
    let finished = false;
    const fetched = Promise.withResolvers<void>();
    const call = stage.cluster.call.bind(stage.cluster);
    mock.method(stage.cluster, 'call', async (...args: Parameters<typeof call>) => {
      const answer = await call(...args);
      if (args[2].key === ApiKey.FETCH) fetched.resolve();
      return answer;
    });
    const reading = stage.read().then(() => {
      finished = true;
    });
    await Promise.race([fetched.promise, reading]);
    assert.equal(finished, false);
    await open.abort();
    await reading;
    assert.deepEqual(stage.seen, ['committed']);
  });

  test('follow hands over new records until it is told to stop', async () => {
    await using stage = await ReaderStage.open();
    await stage.read();
    const stop = new AbortController();
    const got = Promise.withResolvers<void>();
    const following = stage.reader.follow(({ value }) => {
      stage.seen.push(String(value));
      if (stage.seen.length === 3) got.resolve();
    }, stop.signal);
    const producer = await stage.producer(false);
    await stage.send(producer, 'a');
    await stage.send(producer, 'b', 'c');
    await got.promise;
    stop.abort();
    await following;
    assert.deepEqual(stage.seen, ['a', 'b', 'c']);
  });

  test('a leader that does not know a topic which the metadata has is asked again', async () => {
    await using stage = await ReaderStage.open();
    const call = stage.cluster.call.bind(stage.cluster);
    let late = 1;
    mock.method(stage.cluster, 'call', async (...args: Parameters<typeof call>) => {
      if (args[2].key === ApiKey.LIST_OFFSETS && late-- > 0) throw kafkaError(KafkaCode.UNKNOWN_TOPIC_OR_PARTITION, 'read', 'here');
      return call(...args);
    });
    assert.deepEqual(await stage.read(), []);
    assert.ok(late < 0, 'asked again');
  });

  test('a topic that does not exist is an error, not an empty topic', async () => {
    await using cluster = disposable(new Cluster(client, systemClock));
    const reader = new TopicReader(cluster.value, uniqueName('none'), systemClock);
    await assert.rejects(
      reader.readToEnd(() => undefined),
      (error) => error instanceof ConnectError && error.details['kafkaError'] === 'UNKNOWN_TOPIC_OR_PARTITION',
    );
  });
});

function disposable<T extends { close(): Promise<void> }>(value: T): { readonly value: T } & AsyncDisposable {
  return { value, [Symbol.asyncDispose]: () => value.close() };
}
