import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { packRequests } from '../../../src/sinks/kafka/batch-producer.ts';
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
