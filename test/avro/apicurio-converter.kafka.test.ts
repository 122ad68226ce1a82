import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apicurioConverterPlugin } from '../../src/avro/apicurio-converter.ts';
import { ByteSink } from '../../src/base/byte-sink.ts';
import { silentLog } from '../../src/base/log.ts';
import { Config } from '../../src/connect/config.ts';
import type { RowEncoder } from '../../src/connect/converter.ts';
import { Change } from '../../src/record/change.ts';
import type { StructNode } from '../../src/record/shape.ts';
import { stack } from '../support/stack.ts';
import { uniqueName } from '../support/unique-name.ts';

const base = stack.registry.replace(/\/apis\/.*$/, '');
const schema = { id: 1, name: 'public.t', columns: [], key: new Uint16Array(0) };
const text = { type: 'string', optional: false } as const;
const node: StructNode = {
  kind: 'struct',
  presence: null,
  schema: { type: 'struct', optional: false, name: 'my-app.t.Value', fields: [{ name: 'a', schema: text }] },
  fields: [{ name: 'a', node: { kind: 'constant', schema: text, value: 'x' } }],
};

async function compile(topic: string, options: Readonly<Record<string, string>>, root = node): Promise<RowEncoder> {
  const defaults = apicurioConverterPlugin.configKeys.map(({ name, default: value }) => [name, value ?? null] as const);
  const config = new Config(new Map([...defaults, ['apicurio.registry.url', base], ...Object.entries(options)]));
  const converter = apicurioConverterPlugin.create(config, { isKey: false, log: silentLog });
  const encoder = await converter.compile(root, { topic, part: 'value', schema });
  assert.ok(encoder !== null);
  return encoder;
}

function written(encoder: RowEncoder): Buffer {
  const out = new ByteSink(Buffer.alloc(64));
  encoder.encode(new Change(schema, 0, () => ''), out);
  return Buffer.from(out.bytes.subarray(0, out.at));
}

async function meta(topic: string): Promise<{ readonly globalId: number; readonly contentId: number }> {
  const answer = await fetch(`${base}/apis/registry/v2/groups/default/artifacts/${topic}-value/meta`);
  return (await answer.json()) as { globalId: number; contentId: number };
}

const register = { 'apicurio.registry.auto-register': 'true' };
const body = Buffer.from([2, 0x78]);

test('by default the id of the schema stands in headers, as Apicurio has it', async () => {
  const topic = uniqueName('apicurio');
  const encoder = await compile(topic, register);
  assert.deepEqual(written(encoder), body);
  const id = Buffer.alloc(8);
  id.writeBigInt64BE(BigInt((await meta(topic)).globalId));
  assert.deepEqual(
    encoder.headers?.map(([name, value]) => [name, Buffer.from(value).toString('hex')]),
    [
      ['apicurio.value.globalId', id.toString('hex')],
      ['apicurio.value.encoding', Buffer.from('BINARY').toString('hex')],
    ],
  );
});

test('an optional struct is a record all the same: its null is no value at all', async () => {
  const inFront = { ...register, 'apicurio.registry.headers.enabled': 'false' };
  const optional: StructNode = { ...node, schema: { ...node.schema, optional: true } };
  assert.deepEqual(written(await compile(uniqueName('apicurio'), inFront, optional)).subarray(9), body);
});

test('in front of the record in 8 bytes, or in 4 as Confluent has it, over both interfaces', async () => {
  const topic = uniqueName('apicurio');
  const inFront = { ...register, 'apicurio.registry.headers.enabled': 'false' };
  const long = written(await compile(topic, inFront));
  const { globalId, contentId } = await meta(topic);
  assert.deepEqual([long[0], long.readBigInt64BE(1), long.subarray(9)], [0, BigInt(globalId), body]);
  const short = { ...inFront, 'apicurio.registry.as-confluent': 'true', 'apicurio.registry.use-id': 'contentId' };
  for (const api of ['v2', 'v3']) {
    const bytes = written(await compile(topic, { ...short, 'apicurio.registry.url': `${base}/apis/registry/${api}` }));
    assert.deepEqual([bytes.readUInt8(0), bytes.readUInt32BE(1), bytes.subarray(5)], [0, contentId, body]);
  }
});

test('without auto-register a schema has to be there, as it is or as the latest', async () => {
  const topic = uniqueName('apicurio');
  for (const api of ['v2', 'v3']) {
    const url = { 'apicurio.registry.url': `${base}/apis/registry/${api}` };
    await assert.rejects(compile(`${topic}${api}`, url), /does not know the schema/);
    await compile(`${topic}${api}`, { ...register, ...url });
    assert.deepEqual(written(await compile(`${topic}${api}`, url)), body);
    assert.deepEqual(written(await compile(`${topic}${api}`, { ...url, 'apicurio.registry.find-latest': 'true' })), body);
  }
});
