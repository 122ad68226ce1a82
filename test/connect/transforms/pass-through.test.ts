import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import { Op } from '../../../src/record/change.ts';
import { passThroughPlugins } from '../../../src/connect/transforms/pass-through.ts';
import { columnsOf, envelopeOf, optionsOf, stored } from './transform-run.ts';

it('transforms for a system that is not there leave records as they are', async () => {
  const shape = envelopeOf('shop.public.plain', columnsOf({ id: [ColumnKind.INT, 'int32'] }));
  const rows = [
    { op: Op.CREATE, after: ['1'] },
    { op: Op.DELETE, before: ['1'] },
    { op: Op.TOMBSTONE, before: ['1'] },
  ] as const;
  for (const { className } of passThroughPlugins) {
    assert.deepEqual(await stored(optionsOf(className), shape, rows), await stored({}, shape, rows), className);
  }
});
