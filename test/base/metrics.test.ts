import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics } from '../../src/base/metrics.ts';

test('removing a label takes every series that has it, and no other', async () => {
  const metrics = new Metrics();
  for (const connector of ['gone', 'stays']) {
    metrics.counter('a_total', 'A.', { connector, task: '0' }).add(1);
    metrics.gauge('b', 'B.', { connector }).set(1);
    metrics.gauge('c', 'C.', { connector, task: '0', status: 'running' }).set(1);
    metrics.histogram('d', 'D.', { connector }, [1, 2]).observe(1);
  }
  metrics.gauge('e', 'E.', {}).set(1);
  metrics.remove({ connector: 'gone' });
  const text = await metrics.text();
  assert.ok(!text.includes('gone'), text);
  assert.equal(text.split('\n').filter((line) => line.includes('stays')).length, 3 + 5);
  assert.match(text, /^e 1$/m);
});
