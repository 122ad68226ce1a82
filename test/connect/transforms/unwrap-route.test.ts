import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Op } from '../../../src/record/change.ts';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import { columnsOf, envelopeOf, optionsOf, written } from './transform-run.ts';

const columns = columnsOf({ id: [ColumnKind.LONG, 'int64'], region: [ColumnKind.STRING, 'string?'] });
const type = 'io.debezium.transforms.ExtractNewRecordState';
const run = (field: string, after: readonly (string | null)[]) =>
  written(optionsOf(type, { 'route.by.field': field }), envelopeOf('shop.public.orders', columns), [
    { op: Op.CREATE, after },
    { op: Op.UPDATE, before: ['1', 'north'], after: ['1', 'south'] },
    { op: Op.DELETE, before: ['1', 'south'] },
  ]);

it("ExtractNewRecordState's route.by.field: the new row's column is the topic, of a delete the old row's", async () => {
  assert.deepEqual(
    (await run('region', ['1', 'north'])).map(({ topic, value }) => [topic, value]),
    [
      ['north', { id: 1, region: 'north' }],
      ['south', { id: 1, region: 'south' }],
      ['south', null],
    ],
  );
});

it('a column that is not there is refused; a row without a value in it stays on its topic', async () => {
  await assert.rejects(run('nope', ['1', 'north']), /have no column "nope" to be routed by/);
  for (const none of [null, '']) assert.equal((await run('region', ['1', none]))[0]?.topic, 'shop.public.orders');
});
