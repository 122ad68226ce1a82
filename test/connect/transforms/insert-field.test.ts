import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Op } from '../../../src/record/change.ts';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import { columnsOf, envelopeOf, timestampMs, written } from './transform-run.ts';

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
