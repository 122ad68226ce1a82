import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';

import type { Connection } from 'pg';

import { TupleView } from '../../../src/record/tuple-view.ts';
import { CopyOut } from '../../../src/sources/postgres/copy-out.ts';
import { CopyText } from '../../../src/sources/postgres/copy-text.ts';

test('a copy that waits for room ends with its connection, also when the server has nothing more to say', async () => {
  const reader = new CopyText(new TupleView(1), Int16Array.of(0), 1, () => true);
  const copy = new CopyOut('COPY', reader, { ready: () => false, drained: () => new Promise(() => {}) });
  let limited = true;
  copy.callback = () => (limited = false);
  const stream = new PassThrough();
  copy.submit({ stream, query: () => {} } as unknown as Connection);
  copy.handleCopyData({ chunk: Buffer.from('1\n') });
  copy.handleReadyForQuery();
  stream.destroy();
  await assert.rejects(copy.done, /cut/);
  assert.equal(limited, false, 'the timer of the query is given up');
  assert.equal(stream.listenerCount('close'), 0);
});
