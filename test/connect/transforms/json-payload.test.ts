import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { Op, TupleRef } from '../../../src/record/change.ts';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import type { FieldNode, Node, Shape } from '../../../src/record/shape.ts';
import { parseJson, type Json } from '../../../src/connect/transforms/json-text.ts';
import { propertySettings } from '../../support/property.ts';
import { columnsOf, envelopeOf, optionsOf, stored, type Row } from './transform-run.ts';

interface Golden {
  readonly text: string;
  readonly nulls: 'ignore' | 'optional_bytes';
  /** Debezium 3.6.1's value as its JSON converter writes it; null: its task ends. */
  readonly expanded: Written | null;
  readonly decoded: Written | null;
}

interface Written {
  readonly schema: unknown;
  readonly payload: unknown;
}

const golden = readFileSync(new URL('golden/json-payload.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Golden);

const router = 'io.debezium.transforms.outbox.EventRouter';
const decoder = 'io.debezium.connector.postgresql.transforms.DecodeLogicalDecodingMessageContent';

const outbox = columnsOf({
  id: [ColumnKind.STRING, 'string'],
  aggregatetype: [ColumnKind.STRING, 'string'],
  aggregateid: [ColumnKind.STRING, 'string'],
  payload: [ColumnKind.STRING, 'string?'],
  type: [ColumnKind.STRING, 'string'],
});
const event = (payload: string | null): Row => ({ op: Op.CREATE, after: ['1', 'Order', '7', payload, 'T'] });
const message = (content: string): Row => ({ op: Op.MESSAGE, after: ['p', `\\x${Buffer.from(content).toString('hex')}`] });

async function expanded(rows: readonly Row[], options: Readonly<Record<string, string>> = {}): Promise<Written[]> {
  const config = optionsOf(router, { 'table.expand.json.payload': 'true', ...options });
  const records = await stored(config, envelopeOf('s.public.outbox', outbox), rows, true);
  return records.map(({ value }) => JSON.parse(value ?? 'null') as Written);
}

function struct(name: string, nodes: readonly FieldNode[]): Node {
  return {
    kind: 'struct',
    presence: null,
    schema: {
      type: 'struct',
      optional: false,
      name,
      version: 1,
      fields: nodes.map((each) => ({ name: each.name, schema: each.node.schema })),
    },
    fields: nodes,
  };
}

/** As the Postgres source makes it, with less of a source block. */
function messageShape(binary: ColumnKind = ColumnKind.BYTES_HEX): Shape {
  const columns = columnsOf({ prefix: [ColumnKind.STRING, 'string?'], content: [binary, 'bytes?'] });
  const base = envelopeOf('s.message', columns);
  const fields = columns.map(({ name, schema }, column): FieldNode => ({
    name,
    node: { kind: 'column', schema, tuple: TupleRef.AFTER, column },
  }));
  const op: FieldNode = { name: 'op', node: { kind: 'op', schema: { type: 'string', optional: false } } };
  const content = struct('io.debezium.connector.postgresql.Message', fields);
  return { ...base, value: struct('io.debezium.connector.postgresql.MessageValue', [op, { name: 'message', node: content }]) };
}

interface Decoded {
  readonly key: string | null;
  readonly schema: { readonly name: string; readonly fields: readonly { readonly field: string }[] };
  readonly payload: Readonly<Record<string, unknown>>;
}

async function decoded(rows: readonly Row[], options: Readonly<Record<string, string>> = {}, shape = messageShape()): Promise<Decoded[]> {
  const records = await stored(optionsOf(decoder, options), shape, rows, true);
  return records.map(({ key, value }) => ({ key, ...(JSON.parse(value ?? '{}') as Omit<Decoded, 'key'>) }));
}

function because(reason: RegExp): (error: Error) => boolean {
  return (error) => reason.test(`${error.message} ${String(error.cause)}`);
}

/** Where Debezium's task ends, or drops what it finds. */
const differently: Readonly<Record<string, (written: Written) => void>> = {
  '[1,2]': ({ payload }) => assert.deepEqual(payload, [1, 2]),
  '[{"a":1}]': ({ payload }) => assert.deepEqual(payload, [{ a: 1 }]),
  '[]': ({ payload }) => assert.equal(payload, '[]'),
  '{"a":12345678901234567890}': ({ payload }) => assert.equal(payload, '{"a":12345678901234567890}'),
  // Behind the end of the JSON text: not dropped.
  '{"a":1} x': ({ payload }) => assert.equal(payload, '{"a":1} x'),
};
/** Fields of an array's elements come in the order in which they turn up, with Debezium in that of a hash. */
const merged = '{"items":[{"a":1},{"b":"x"},{"a":2,"b":null}]}';
interface JsonSchema {
  readonly type: string;
  readonly name?: string;
  readonly items?: JsonSchema;
  readonly fields?: readonly (JsonSchema & { readonly field: string })[];
}
/** `name{field:type}` and `[item]`. */
function plainSchema(written: unknown): string {
  const { type, name, items, fields } = written as JsonSchema;
  if (type === 'array') return `[${plainSchema(items)}]`;
  return type === 'struct' ? `${name ?? ''}{${(fields ?? []).map((each) => `${each.field}:${plainSchema(each)}`).join(' ')}}` : type;
}
const ordered = (written: unknown): unknown =>
  JSON.parse(JSON.stringify(written), (_key, value: unknown) =>
    Array.isArray(value) && (value as { field?: string }[]).every((each) => each?.field !== undefined)
      ? (value as { field: string }[]).toSorted((a, b) => a.field.localeCompare(b.field))
      : value,
  );

describe('JSON that becomes a struct, as Debezium 3.6.1 has it', () => {
  it('EventRouter: schemas and values of payloads of every kind', async () => {
    for (const { text, nulls, expanded: expected } of golden) {
      const [written] = await expanded([event(text)], { 'table.json.payload.null.behavior': nulls });
      assert.ok(written !== undefined);
      if (text in differently) differently[text]?.(written);
      else if (text === merged) assert.deepEqual(ordered(written), ordered(expected), nulls);
      else assert.deepEqual(written, expected, `${nulls} ${text}`);
    }
  });

  it('logical decoding messages: an insert without key whose new row is the content', async () => {
    for (const { text, nulls, decoded: expected } of golden) {
      const options = { 'fields.null.include': String(nulls === 'optional_bytes') };
      if (expected === null || text in differently) {
        await assert.rejects(decoded([message(text)], options), because(/cannot be decoded/), text);
        continue;
      }
      const [record] = await decoded([message(text)], options);
      assert.ok(record !== undefined);
      const after = record.schema.fields.find(({ field }) => field === 'after');
      assert.deepEqual({ ...after, field: undefined }, { ...(expected.schema as object), field: undefined }, `${nulls} ${text}`);
      assert.deepEqual(record.payload['after'], expected.payload, text);
      assert.equal(record.payload['op'], 'c');
      assert.equal(record.key, null);
      assert.equal(record.schema.name, 'io.debezium.connector.postgresql.MessageValue.Envelope');
      assert.deepEqual(
        record.schema.fields.map(({ field }) => field),
        ['op', 'after'],
      );
    }
  });

  it('arrays in arrays have one type, which those with elements tell', async () => {
    const shown = async (text: string): Promise<unknown> => {
      const [written] = await expanded([event(text)]);
      return written === undefined || typeof written.payload === 'string'
        ? null
        : [plainSchema(written.schema).replaceAll('payload', ''), written.payload];
    };
    const same = async (payload: unknown, schema: string): Promise<void> =>
      assert.deepEqual(await shown(JSON.stringify(payload)), [schema, payload], schema);
    // Seen of Debezium 3.6.1.
    await same({ a: [[['x, "y" {'], ['', null]], [[]], null] }, '{a:[[[string]]]}');
    await same({ a: [[1.5], []] }, '{a:[[double]]}');
    await same({ a: [[{ b: { c: 1 } }]] }, '{a:[[{b:b{c:int32}}]]}');
    await same({ a: [{ b: [[1]] }, { b: [[2]] }] }, '{a:[.a{b:[[int32]]}]}');
    for (const odd of ['{"a":[[]]}', '{"a":[[1],"x"]}', '{"a":[[1,4000000000]]}', '{"a":[[null]]}']) {
      assert.equal(await shown(odd), null, odd);
    }
    // There the first array decides alone: others lose fields, or the task ends.
    await same({ a: [[], [null], [[], ['x']]] }, '{a:[[[string]]]}');
    await same({ a: [[{ b: 1, c: null }], [{ b: null, c: 2 }]] }, '{a:[[{b:int32 c:int32}]]}');
    for (const odd of ['{"a":[[1],["x"]]}', '{"a":[[1],[[2]]]}', '{"a":[[1],[4000000000]]}', '{"a":[[1],[[]]]}'])
      assert.equal(await shown(odd), null, odd);
    const texts = await expanded([event('{"a":[[],[[]]]}')], { 'table.json.payload.empty.array.behavior': 'optional_string' });
    assert.deepEqual(texts[0]?.payload, '{"a":[[],[[]]]}');
    assert.deepEqual(await shown('[[1],[2,3]]'), ['[[int32]]', [[1], [2, 3]]]);
  });

  it('structures by turns, each under its own schema; null and text among them; in an envelope', async () => {
    const payloads = ['{"a":1}', '{"b":"x"}', null, 'no json', '{"a":2}', '{"b":"y"}', '{"a":3000000000}'];
    const values = await expanded(payloads.map(event));
    assert.deepEqual(
      values.map((value) => value?.payload ?? null),
      [{ a: 1 }, { b: 'x' }, null, 'no json', { a: 2 }, { b: 'y' }, { a: 3_000_000_000 }],
    );
    const enveloped = await expanded(payloads.map(event), { 'table.fields.additional.placement': 'type:envelope' });
    assert.deepEqual(
      enveloped.map(({ payload }) => payload),
      [{ a: 1 }, { b: 'x' }, null, 'no json', { a: 2 }, { b: 'y' }, { a: 3_000_000_000 }].map((payload) => ({ payload, type: 'T' })),
    );
    const empty = await expanded([event('{"a":[]}'), event('[]')], { 'table.json.payload.empty.array.behavior': 'optional_string' });
    assert.deepEqual(
      empty.map(({ payload }) => payload),
      [{ a: [] }, []],
    );
    const tombstones = await expanded([event(' '), event('{"a":1}')], { 'route.tombstone.on.empty.payload': 'true' });
    assert.deepEqual(
      tombstones.map((value) => value?.payload ?? null),
      [null, { a: 1 }],
    );
  });

  it("the version of an envelope's schema from a column, with payloads of several structures", async () => {
    const table = [...outbox, ...columnsOf({ version: [ColumnKind.INT, 'int32?'] })];
    const rows = [
      ['{"a":1}', '1'],
      ['{"a":2}', '2'],
      ['{"b":"x"}', '2'],
      ['text', '1'],
      ['{"a":3}', null],
    ].map(([payload = null, version = null]): Row => ({ op: Op.CREATE, after: ['1', 'Order', '7', payload, 'T', version] }));
    const options = { 'table.expand.json.payload': 'true', 'table.field.event.schema.version': 'version' };
    const run = (more: Readonly<Record<string, string>>, columns = table) =>
      stored(optionsOf(router, { ...options, ...more }), envelopeOf('s.public.outbox', columns), rows, true);
    const records = await run({ 'table.fields.additional.placement': 'type:envelope' });
    assert.deepEqual(
      records.map(({ value }) => {
        const { schema, payload } = JSON.parse(value ?? '') as { schema: { version?: number }; payload: { payload: unknown } };
        return [schema.version ?? null, payload.payload];
      }),
      [
        [1, { a: 1 }],
        [2, { a: 2 }],
        [2, { b: 'x' }],
        [1, 'text'],
        [null, { a: 3 }],
      ],
    );
    const [bare] = await run({});
    assert.equal((JSON.parse(bare?.value ?? '') as { schema: { version?: number } }).schema.version, undefined, 'without an envelope');
    const wrong = { 'table.fields.additional.placement': 'type:envelope', 'table.field.event.schema.version': 'type' };
    await assert.rejects(run(wrong), /is no integer/);
  });

  it('a message decoded, then routed as an event of the outbox', async () => {
    const content = { id: '9', aggregatetype: 'Order', aggregateid: '7', payload: { total: 3, lines: [{ n: 1 }] } };
    const config = { ...optionsOf(decoder), transforms: 'A,B', 'transforms.B.type': router };
    const rows = [content, { ...content, aggregatetype: 'User', payload: 'text' }, content].map((each) => message(JSON.stringify(each)));
    const records = await stored(config, messageShape(), rows);
    assert.deepEqual(
      records.map(({ topic, key, value, headers }) => [topic, JSON.parse(key ?? ''), JSON.parse(value ?? ''), headers]),
      [
        ['outbox.event.Order', '7', content.payload, { id: '9' }],
        ['outbox.event.User', '7', 'text', { id: '9' }],
        ['outbox.event.Order', '7', content.payload, { id: '9' }],
      ],
    );
    await assert.rejects(stored(config, messageShape(), [message('{"id":"9"}')]), because(/Unable to find the field payload/));
  });

  it('other records pass; content that is not bytes is refused with the first message; too many structures are an error', async () => {
    const [row] = await stored(optionsOf(decoder), envelopeOf('s.public.outbox', outbox), [event('{"a":1}')]);
    assert.equal((JSON.parse(row?.value ?? '') as { op: string }).op, 'c');
    await assert.rejects(decoded([message('{}')], {}, messageShape(ColumnKind.BYTES_BASE64)), because(/is not bytes/));
    const many = Array.from({ length: 1001 }, (_each, at) => message(`{"k${at}":1}`));
    await assert.rejects(decoded(many), because(/more than 1000 structures/));
  });
});

function plain(json: Json): unknown {
  switch (json.kind) {
    case 'object':
      return Object.fromEntries([...json.members].map(([name, value]) => [name, plain(value)]));
    case 'array':
      return json.items.map(plain);
    case 'number':
      return Number(json.text);
    case 'string':
      return json.text;
    case 'boolean':
      return json.value;
    case 'null':
      return null;
  }
}

it('JSON is read as JavaScript reads it, and anything else refused', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const json = parseJson(text);
      assert.ok(json !== null, text);
      assert.deepEqual(plain(json), JSON.parse(text));
    }),
    propertySettings(),
  );
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:0123456789.-eE tfnrul\\\u0001'.split('')) }), (text) => {
      let expected: unknown;
      try {
        expected = JSON.parse(text);
      } catch {
        assert.equal(parseJson(text), null, text);
        return;
      }
      const json = parseJson(text);
      assert.ok(json !== null, text);
      assert.deepEqual(plain(json), expected);
    }),
    { ...propertySettings(), numRuns: 3000 },
  );
  assert.equal(parseJson('['.repeat(5000) + ']'.repeat(5000)), null);
});
