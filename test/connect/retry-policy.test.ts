import assert from 'node:assert/strict';
import { test } from 'node:test';

import { retryPolicy } from '../../src/connect/retry-policy.ts';

const wait = 'retriable.restart.connector.wait.ms';
const passing = 'internal.custom.retriable.exception';

test('pauses and attempts are those of the config; what is not given, or cannot be read as it stands, leaves the growing pauses', () => {
  const byDefault = { delayMsMax: 60_000, delayMs: null, retriesMax: -1, passing: null };
  assert.deepEqual(retryPolicy({}), byDefault);
  assert.deepEqual(retryPolicy({ 'errors.retry.delay.max.ms': '500', [wait]: '70000', 'errors.max.retries': '0' }), {
    ...byDefault,
    delayMsMax: 500,
    delayMs: 70_000,
    retriesMax: 0,
  });
  for (const unread of [null, '', '${env:WAIT}']) {
    assert.deepEqual(
      retryPolicy({ 'errors.retry.delay.max.ms': unread, [wait]: unread, 'errors.max.retries': unread }),
      byDefault,
      String(unread),
    );
  }
  assert.equal(retryPolicy({ [wait]: '0' }).delayMs, 0);
});

function names(text: string | null, message: string): boolean | undefined {
  return retryPolicy({ [passing]: text }).passing?.matches(message);
}

test('failures that are said to pass are named by their whole message; an expression that is none names nobody', () => {
  assert.equal(names('server .*', 'server closed'), true);
  assert.equal(names('server .*', 'the server closed'), false);
  assert.equal(names('(?m)^server .*$', 'another line\nserver closed'), false, 'the whole of it');
  for (const nothing of [null, '', '(']) assert.equal(names(nothing, ''), undefined);
});
