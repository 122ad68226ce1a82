import assert from 'node:assert/strict';
import { test } from 'node:test';
import { avroConverterPlugin } from '../../src/avro/avro-converter.ts';
import { avroRecordName, avroSchemaText } from '../../src/avro/avro-schema.ts';
import { avscType } from '../../src/avro/avsc-type.ts';
import { scrubFullName, scrubName } from '../../src/avro/scrub-name.ts';
import { silentLog } from '../../src/base/log.ts';
import { Config } from '../../src/connect/config.ts';
import { withDefaults } from '../../src/connect/plugin.ts';
import { nextRowSchemaId } from '../../src/record/row-schema.ts';
import type { Schema } from '../../src/record/schema.ts';
import { structNode } from '../../src/record/struct-node.ts';

/** By Java's URLEncoder, and what is no letter, digit or _ afterwards as _. */
const scrubbed: Readonly<Record<string, string>> = {
  '': '',
  plain_1: 'plain_1',
  'my-app': 'my_app',
  '2nd': 'x2nd',
  'first name': 'first_name',
  größe: 'gr_C3_B6_C3_9Fe',
  'a.b': 'a_b',
  'a*b': 'a_b',
  "~!'()": '_7E_21_27_28_29',
  '€': '_E2_82_AC',
  '😀x': '_F0_9F_98_80x',
  9: 'x9',
  '-': '_',
  '%41': '_2541',
  'a+b': 'a_2Bb',
  '\t': '_09',
};

test('names are changed as Confluent does it', () => {
  for (const [name, expected] of Object.entries(scrubbed)) assert.equal(scrubName(name), expected, name);
  assert.equal(scrubFullName('my-shop.2024.Value'), 'my_shop.x2024.Value');
});

test('records and fields have Avro names, whatever the Connect schema says, which keeps its own', () => {
  const row: Schema = {
    type: 'struct',
    optional: true,
    name: 'my-shop.public.orders.Value',
    fields: [{ name: 'first name', schema: { type: 'string', optional: false, aliases: ['given-name'] } }],
  };
  const envelope: Schema = {
    type: 'struct',
    optional: false,
    name: 'my-shop.public.orders.Envelope',
    fields: [
      { name: 'before', schema: row },
      { name: 'after', schema: row },
    ],
  };
  const options = { connectMetaData: true, scrubInvalidNames: true };
  const text = avroSchemaText(envelope, options);
  assert.equal(
    text,
    '{"type":"record","name":"Envelope","namespace":"my_shop.public.orders","fields":[{"name":"before","type":["null",{"type":"record",' +
      '"name":"Value","fields":[{"name":"first_name","type":"string","aliases":["given_name"]}],"connect.name":"my-shop.public.orders.Value"}],' +
      '"default":null},{"name":"after","type":["null","Value"],"default":null}],"connect.name":"my-shop.public.orders.Envelope"}',
  );
  avscType(text);
  assert.equal(avroRecordName(envelope, options), 'my_shop.public.orders.Envelope');
  assert.throws(() => avroSchemaText(envelope, { connectMetaData: true }), /has a name that Avro does not allow/);
});

/** What comes of a name with a dash, with a registry that is not there. */
function refusal(scrub: string): Promise<unknown> {
  const options = { 'schema.registry.url': 'http://127.0.0.1:1', 'max.retries': '0', 'scrub.invalid.names': scrub };
  const config = withDefaults(Config.of(options), avroConverterPlugin.configKeys);
  const converter = avroConverterPlugin.create(config, { isKey: false, log: silentLog });
  const schema = { id: nextRowSchemaId(), name: 'orders', columns: [], key: Uint16Array.of() };
  return converter.compile(structNode('my-shop.Order', 1, []), { topic: 'orders', part: 'value', schema });
}

test('only where scrub.invalid.names says so; else the name is refused before the registry is asked', async () => {
  await assert.rejects(refusal('false'), /has a name that Avro does not allow/);
  await assert.rejects(refusal('true'), { code: 'registry.unreachable' });
});
