import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkTags, parseTags } from '../../src/base/metric-tags.ts';
import { Metrics } from '../../src/base/metrics.ts';

test('the tags of a connector are labels of all its series, and of no other', async () => {
  const metrics = new Metrics();
  for (const connector of ['a', 'b', 'c,connector="a"']) {
    metrics.gauge('debezium_metrics_Connected', 'C.', { connector, name: 'shop' }).set(1);
    metrics.histogram('h', 'H.', { connector }, [1]).observe(0.5);
  }
  metrics.gauge('e', 'E.', {}).set(1);
  metrics.tag('a', { team: 'x "y" \\z', name: 'mine' });
  metrics.tag('b', { zone: 'eu' });
  const lines = (await metrics.text()).split('\n');
  assert.deepEqual(
    lines.filter((line) => line.startsWith('debezium_metrics_')),
    [
      'debezium_metrics_Connected{connector="a",name="shop",team="x \\"y\\" \\\\z",exported_name="mine"} 1',
      'debezium_metrics_Connected{connector="b",name="shop",zone="eu"} 1',
      'debezium_metrics_Connected{connector="c,connector=\\"a\\"",name="shop"} 1',
    ],
  );
  assert.equal(lines.filter((line) => line.startsWith('h_') && line.includes('zone="eu"')).length, 4);
  assert.ok(lines.includes('e 1'));
  metrics.remove({ connector: 'b' });
  metrics.gauge('debezium_metrics_Connected', 'C.', { connector: 'b', name: 'shop' }).set(1);
  metrics.tag('a', {});
  assert.ok(!/zone|team/.test(await metrics.text()), 'replaced, and gone with the connector');
});

test('names become what Prometheus takes; what is no pair, or one label twice, is refused', () => {
  assert.deepEqual(parseTags(' data-base = shop , 2nd=b=c,__own=1,'), { data_base: 'shop', _2nd: 'b=c', _own: '1' });
  assert.equal(checkTags('a=1,b=2'), null);
  for (const wrong of ['a', 'a=', '=1', 'a=1,b']) assert.match(checkTags(wrong) ?? '', /must be of the form/);
  assert.equal(checkTags('a.b=1,a-b=2'), '"a.b" and "a-b" are the same label "a_b"');
});
