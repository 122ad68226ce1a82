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

const valueOf = (text: string, name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);

test('a scrape tells of the process under the names of every Prometheus client', async () => {
  const metrics = new Metrics();
  const first = await metrics.text();
  const usedS = process.cpuUsage().user / 1e6;
  const second = await metrics.text();
  assert.ok(valueOf(second, 'process_cpu_seconds_total') >= usedS);
  assert.ok(valueOf(first, 'process_cpu_seconds_total') <= valueOf(second, 'process_cpu_seconds_total'));
  assert.ok(valueOf(second, 'process_resident_memory_bytes') > valueOf(second, 'nodejs_heap_size_used_bytes'));
  assert.ok(Math.abs(valueOf(second, 'process_start_time_seconds') - (Date.now() / 1000 - process.uptime())) < 2);
  assert.equal(second.match(/^# TYPE process_cpu_seconds_total counter$/gm)?.length, 1);
});
