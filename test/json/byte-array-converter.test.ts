import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ByteSink } from '../../src/base/byte-sink.ts';
import { silentLog } from '../../src/base/log.ts';
import { Config } from '../../src/connect/config.ts';
import { binaryDataConverterPlugin, byteArrayConverterPlugin } from '../../src/json/byte-array-converter.ts';
import { jsonConverterPlugin } from '../../src/json/json-converter.ts';
import { Change } from '../../src/record/change.ts';
import type { LiteralValue, Schema } from '../../src/record/schema.ts';

const schema = { id: 1, name: 'public.outbox', columns: [], key: new Uint16Array(0) };

async function written(plugin: typeof byteArrayConverterPlugin, type: Schema['type'], value: LiteralValue, options = {}): Promise<string> {
  const converter = plugin.create(new Config(new Map(Object.entries(options))), { isKey: false, log: silentLog });
  const node = { kind: 'constant', schema: { type, optional: false }, value } as const;
  const encoder = await converter.compile(node, { topic: 't', part: 'value', schema });
  assert.ok(encoder !== null);
  const out = new ByteSink(Buffer.alloc(64));
  encoder.encode(new Change(schema, 0, () => ''), out);
  return Buffer.from(out.bytes.subarray(0, out.at)).toString('latin1');
}

test('bytes are written as they are, and nothing else is taken', async () => {
  assert.equal(await written(byteArrayConverterPlugin, 'bytes', Buffer.from('a\u00ff', 'latin1')), 'a\u00ff');
  await assert.rejects(written(byteArrayConverterPlugin, 'string', 'x'), /takes bytes only/);
});

test("what is not binary goes to Debezium's delegate, with its own options", async () => {
  const plugin = binaryDataConverterPlugin([jsonConverterPlugin]);
  const options = { 'delegate.converter.type': 'org.apache.kafka.connect.json.JsonConverter' };
  assert.equal(await written(plugin, 'bytes', Buffer.from('raw'), options), 'raw');
  assert.equal(await written(plugin, 'string', 'x', { ...options, 'delegate.converter.type.schemas.enable': 'false' }), '"x"');
  assert.match(await written(plugin, 'string', 'x', options), /^\{"schema":/);
  await assert.rejects(written(plugin, 'string', 'x'), /takes bytes only/);
  const key = plugin.configKeys.find(({ name }) => name === 'delegate.converter.type');
  assert.match(key?.check?.('com.example.Other') ?? '', /could not be found/);
});
