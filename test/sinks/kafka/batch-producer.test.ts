import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import fc from 'fast-check';
import { systemClock } from '../../../src/base/clock.ts';
import { ConnectError } from '../../../src/base/errors.ts';
import { Config } from '../../../src/connect/config.ts';
import { ClientConfig } from '../../../src/kafka/client-config.ts';
import { Cluster } from '../../../src/kafka/cluster.ts';
import { BatchProducer, packRequests } from '../../../src/sinks/kafka/batch-producer.ts';
import type { EncodedBatch } from '../../../src/sinks/kafka/record-batch-writer.ts';
import { Transaction } from '../../../src/sinks/kafka/transaction.ts';
import { propertySettings } from '../../support/property.ts';

test('requests hold each batch once, at most one of a partition, in order, and no more bytes than allowed unless alone', () => {
  const batch = fc.record({
    topic: fc.constantFrom('a', 'b'),
    partition: fc.nat(3),
    records: fc.constant(1),
    bytes: fc.nat(50).map((size) => Buffer.alloc(size + 1)),
  });
  fc.assert(
    fc.property(fc.array(batch), (batches) => {
      const requests = packRequests(batches, 60);
      for (const request of requests) {
        assert.ok(request.length > 0);
        assert.equal(new Set(request.map(identity)).size, request.length);
        const bytes = request.reduce((sum, each) => sum + each.bytes.length, 0);
        assert.ok(bytes <= 60 || request.length === 1);
      }
      const sent = requests.flat();
      assert.equal(new Set(sent).size, batches.length);
      for (const key of new Set(batches.map(identity))) {
        assert.deepEqual(
          sent.filter((each) => identity(each) === key),
          batches.filter((each) => identity(each) === key),
        );
      }
    }),
    propertySettings(),
  );
});

function identity({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic} ${partition}`;
}

const lost = new ConnectError('kafka.unreachable', 'the answer was lost');
const [none, outOfOrder, duplicate] = [0, 45, 46];

/** A producer whose broker answers requests as `answers` say, an error code each, or not at all; and what it was sent. */
function scripted(answers: readonly (number | ConnectError)[]): { readonly producer: BatchProducer; readonly sent: Buffer[] } {
  const cluster = new Cluster(new ClientConfig(Config.of({ 'bootstrap.servers': 'nowhere:1', 'retry.backoff.ms': '1' })), systemClock);
  const sent: Buffer[] = [];
  mock.method(cluster, 'topic', () => ({ leaders: [1] }));
  mock.method(cluster, 'refresh', () => Promise.resolve());
  mock.method(cluster, 'call', async (...args: unknown[]) => {
    const [batch] = args.at(-1) as readonly EncodedBatch[];
    sent.push(Buffer.from(batch?.bytes ?? []));
    const answer = answers[sent.length - 1] ?? assert.fail('one request more than there are answers');
    await Promise.resolve();
    if (answer instanceof ConnectError) throw answer;
    return [{ topic: 'a', partition: 0, errorCode: answer }];
  });
  const transaction = new Transaction(cluster, { transactionalId: null, timeoutMs: 60_000, blockMsMax: 0 }, systemClock);
  const options = { requestBytesMax: 1, deliveryTimeoutMs: 60_000, onBatchTooLarge: () => undefined };
  return { producer: new BatchProducer(cluster, transaction, options, systemClock), sent };
}

const batchOf = (byte: number): EncodedBatch => ({ topic: 'a', partition: 0, records: 1, bytes: Buffer.alloc(100, byte) });

test('a batch whose answer was lost goes again with the same bytes, and is delivered when the broker has it already', async () => {
  const { producer, sent } = scripted([lost, duplicate]);
  await producer.send([batchOf(1)]);
  assert.equal(sent.length, 2);
  assert.deepEqual(sent[0], sent[1]);
});

test('out of order is a batch behind one that was not taken, and goes again after it; by itself it is a fault', async () => {
  const { producer, sent } = scripted([lost, outOfOrder, none, none]);
  await producer.send([batchOf(1), batchOf(2)]);
  assert.deepEqual(
    sent.map((bytes) => bytes.at(-1)),
    [1, 2, 1, 2],
  );
  await assert.rejects(scripted([outOfOrder]).producer.send([batchOf(1)]), ConnectError);
});
