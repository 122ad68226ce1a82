import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Config } from '../../src/connect/config.ts';
import { SecretScrubber } from '../../src/connect/secret-scrubber.ts';
import { WorkerConfig } from '../../src/connect/worker-config.ts';

test("a connector's producer: the worker's settings, over them producer.*, over them producer.override.*", () => {
  const raw = {
    'group.id': 'g',
    'bootstrap.servers': 'worker:9092',
    'security.protocol': 'SASL_SSL',
    'producer.compression.type': 'gzip',
    'producer.linger.ms': '7',
  };
  const worker = WorkerConfig.parse(raw, {}, new SecretScrubber());
  const producer = (connector: Readonly<Record<string, string>>): (string | null)[] => {
    const config = worker.producer(Config.of(connector));
    return ['bootstrap.servers', 'security.protocol', 'compression.type', 'linger.ms', 'max.request.size'].map((name) =>
      config.optional(name),
    );
  };
  assert.deepEqual(producer({ 'compression.type': 'not for the producer' }), ['worker:9092', 'SASL_SSL', 'gzip', '7', null]);
  assert.deepEqual(
    producer({
      'producer.override.bootstrap.servers': 'other:9092',
      'producer.override.compression.type': 'zstd',
      'producer.override.max.request.size': '99',
    }),
    ['other:9092', 'SASL_SSL', 'zstd', '7', '99'],
  );
});
