import assert from 'node:assert/strict';
import { test } from 'node:test';
import { avscType } from '../../src/avro/avsc-type.ts';
import { avroSchemaText } from '../../src/avro/avro-schema.ts';
import type { Schema } from '../../src/record/schema.ts';

function row(optional: boolean): Schema {
  return {
    type: 'struct',
    optional,
    name: 'my-shop.2024.orders.Value',
    fields: [{ name: 'id', schema: { type: 'int32', optional: false } }],
  };
}

test('a namespace may hold what Avro does not allow, also where a type is named from outside of it', () => {
  const data: Schema = {
    type: 'struct',
    optional: false,
    name: 'io.debezium.connector.postgresql.Data',
    fields: [
      { name: 'before', schema: row(true) },
      { name: 'after', schema: row(true) },
      { name: 'same', schema: row(false) },
      { name: 'all', schema: { type: 'array', optional: false, items: row(false) } },
      { name: 'map', schema: { type: 'map', optional: false, items: row(false) } },
    ],
  };
  const text = avroSchemaText(data, { connectMetaData: true, anyNamespace: true });
  assert.match(text, /"name":"after","type":\["null","my-shop.2024.orders.Value"\]/);
  const type = avscType(text);
  const id = { 'my_shop._2024.orders.Value': { id: 1 } };
  assert.ok(type.isValid({ before: null, after: id, same: { id: 1 }, all: [{ id: 1 }], map: { a: { id: 1 } } }));
});

test('a name itself has to be one', () => {
  assert.throws(() => avscType('{"type":"record","name":"a-b","namespace":"c","fields":[]}'), /not a valid Avro schema/);
  assert.throws(
    () => avscType('{"type":"record","name":"a","namespace":"c-d","fields":[{"name":"e-f","type":"int"}]}'),
    /not a valid Avro schema/,
  );
});
