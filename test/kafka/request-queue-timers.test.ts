import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import { calmRequestQueues } from '../../src/kafka/request-queue-timers.ts';

interface Queue {
  pending: unknown[];
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  scheduleCheckPendingRequests(): void;
  destroy(): void;
}

function createQueue(): Queue {
  const silent = { debug: () => {}, warn: () => {}, error: () => {} };
  const Constructor = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as new (options: object) => Queue;
  return new Constructor({
    instrumentationEmitter: null,
    maxInFlightRequests: null,
    requestTimeout: 1000,
    enforceRequestTimeout: false,
    clientId: 'test',
    broker: 'test',
    logger: { namespace: () => silent },
    isConnected: () => true,
  });
}

test('an empty queue arms no timer, one in which a request waits does', () => {
  const before = createQueue();
  before.scheduleCheckPendingRequests();
  assert.ok(before.throttleCheckTimeoutId, 'without the change kafkajs arms one for nothing');
  before.destroy();

  calmRequestQueues();
  calmRequestQueues();
  const queue = createQueue();
  queue.scheduleCheckPendingRequests();
  assert.ok(!queue.throttleCheckTimeoutId);
  queue.pending.push({});
  queue.scheduleCheckPendingRequests();
  assert.ok(queue.throttleCheckTimeoutId);
  queue.pending.length = 0;
  queue.destroy();
});
