import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Op } from '../../../src/record/change.ts';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import { columnsOf, envelopeOf, optionsOf, timestampMs, written } from './transform-run.ts';

const shape = () => envelopeOf('shop.public.orders', columnsOf({ id: [ColumnKind.LONG, 'int64'] }));

it("InsertField's timestamp.field is the record's time, behind the topic and before static fields", async () => {
  const config = {
    transforms: 'A,B',
    'transforms.A.type': 'io.debezium.transforms.ExtractNewRecordState',
    'transforms.B.type': 'org.apache.kafka.connect.transforms.InsertField$Value',
    'transforms.B.timestamp.field': 'written!',
    'transforms.B.topic.field': 'topic',
    'transforms.B.static.field': 'site',
    'transforms.B.static.value': 'north',
  };
  const [record] = await written(config, shape(), [{ op: Op.CREATE, after: ['7'] }]);
  assert.deepEqual(Object.entries(record?.value ?? {}), [
    ['id', 7],
    ['topic', 'shop.public.orders'],
    ['written', timestampMs],
    ['site', 'north'],
  ]);
});

it('a field without a name is refused with the config', async () => {
  const named: readonly (readonly [type: string, key: string, value: string])[] = [
    ['HoistField$Key', 'field', ''],
    ['InsertField$Value', 'topic.field', '!'],
  ];
  for (const [type, key, value] of named)
    await assert.rejects(
      written(optionsOf(`org.apache.kafka.connect.transforms.${type}`, { [key]: value }), shape(), []),
      new RegExp(`for configuration ${key}: a field needs a name`),
    );
});
