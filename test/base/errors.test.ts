import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConnectError, classify, describeError } from '../../src/base/errors.ts';

test('the first ConnectError in the cause chain decides the reaction', () => {
  const unreachable = new ConnectError('postgres.unreachable', 'no answer');
  assert.equal(classify(new Error('outer', { cause: unreachable })), 'retry');
  assert.equal(classify(new ConnectError('kafka.fenced', 'newer incarnation', { cause: unreachable })), 'stop');
});

test('classification is total: strings, undefined and cycles are internal faults', () => {
  const cycle = new Error('cycle');
  cycle.cause = cycle;
  for (const thrown of ['text', undefined, null, 5, new TypeError('x'), cycle]) assert.equal(classify(thrown), 'fail');
});

test('the description names reason, remedy and causes in this order', () => {
  const error = new ConnectError('postgres.setting', 'wal_level is "replica".', {
    remedy: 'Set wal_level = logical.',
    cause: new Error('from the server'),
  });
  assert.equal(describeError(error), 'wal_level is "replica". Remedy: Set wal_level = logical. Caused by: from the server');
});
