import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectError } from '../../src/base/errors.ts';
import { ByteSink } from '../../src/base/byte-sink.ts';
import { planShape } from '../../src/connect/shape-plan.ts';
import { ColumnKind } from '../../src/record/column-kind.ts';
import { Change, Op, TupleRef } from '../../src/record/change.ts';
import { nextRowSchemaId } from '../../src/record/row-schema.ts';
import type { HeaderNode, Node, Shape } from '../../src/record/shape.ts';
import { JsonConverter } from '../../src/json/json-converter.ts';
import { MemoryConverter } from '../support/memory-converter.ts';

const schema = { type: 'string', optional: true } as const;
const column = { name: 'a', kind: ColumnKind.STRING, schema, scale: -1 } as const;
const cell: Node = { kind: 'column', tuple: TupleRef.AFTER, column: 0, schema };
const header = (ops: readonly Op[] | null): HeaderNode => ({ name: 'h', node: cell, ops, presence: TupleRef.BEFORE });
const shape: Shape = {
  topic: 't',
  schema: { id: nextRowSchemaId(), name: 'a', columns: [column], key: new Uint16Array(0) },
  key: cell,
  value: {
    kind: 'struct',
    presence: TupleRef.AFTER,
    schema: { type: 'struct', optional: true, fields: [{ name: 'a', schema }] },
    fields: [{ name: 'a', node: cell }],
  },
  headers: [header(null), header([Op.DELETE])],
};

async function plan(): Promise<{ plans: Awaited<ReturnType<typeof planShape>>; compiled: number }> {
  const converter = new MemoryConverter();
  const parts = { keyConverter: converter, valueConverter: converter, headerConverter: converter };
  return { plans: await planShape(shape, { transforms: [], ...parts }), compiled: converter.compiled.length };
}

test('operations share what is alike: key, value and headers of one shape are compiled once', async () => {
  const { plans, compiled } = await plan();
  assert.equal(compiled, 3, 'a key, a value and a header');
  const [create, update, remove] = [plans[Op.CREATE], plans[Op.UPDATE], plans[Op.DELETE]];
  assert.ok(create?.headers && create.key);
  assert.equal(update?.headers, create.headers);
  assert.equal(update.value, create.value);
  assert.notEqual(remove?.headers, create.headers, 'a delete has one header more');
});

test('what only truncates would have, and no converter takes, fails with the first truncate', async () => {
  const converter = new MemoryConverter();
  const parts = { keyConverter: converter, headerConverter: converter };
  const refusing = (isRefused: (value: Node) => boolean) =>
    planShape(shape, {
      ...parts,
      transforms: [{ plan: (at, op) => ({ shape: op === Op.TRUNCATE ? { ...at, value: cell } : at, step: null }) }],
      valueConverter: {
        compile: (value, context) =>
          isRefused(value) ? Promise.reject(new ConnectError('data.shape', 'no form')) : converter.compile(value, context),
      },
    });
  const plans = await refusing((value) => value === cell);
  assert.ok(plans[Op.CREATE]?.value);
  assert.equal(plans[Op.TRUNCATE]?.topic, 't');
  const change = new Change(shape.schema, 0, () => 'a test');
  assert.throws(() => plans[Op.TRUNCATE]?.steps?.[0]?.(change), /no form/);
  await assert.rejects(
    refusing((value) => value !== cell),
    /no form/,
    'a row cannot be written either',
  );
});

test('a header that is always null is told with its schema where the converter tells schemas, else it is a null', async () => {
  const converter = new MemoryConverter();
  const constant: HeaderNode = { name: 'h', node: { kind: 'constant', value: null, schema }, ops: null, presence: null };
  const written = async (schemasEnable: boolean): Promise<string> => {
    const headerConverter = new JsonConverter({ schemasEnable, decimalNumeric: false });
    const plans = await planShape(
      { ...shape, headers: [constant] },
      {
        transforms: [],
        keyConverter: converter,
        valueConverter: converter,
        headerConverter,
      },
    );
    const out = new ByteSink(Buffer.alloc(200));
    plans[Op.CREATE]?.headers?.encode(new Change(shape.schema, 0, () => 'a test'), out);
    return Buffer.from(out.bytes.subarray(0, out.at)).toString('latin1');
  };
  assert.match(await written(true), /^..h.*\{"schema":\{"type":"string","optional":true\},"payload":null\}$/s);
  assert.match(await written(false), /^..h.null$/s);
});

function routedButTruncates(op: Op): string {
  if (op === Op.TRUNCATE) throw new ConnectError('data.shape', 'no row');
  return 'routed';
}

test('what a chain cannot take is refused under the topic of the rest, so that none is made for it', async () => {
  const converter = new MemoryConverter();
  const plans = await planShape(shape, {
    transforms: [{ plan: (at, op) => ({ shape: { ...at, topic: routedButTruncates(op) }, step: null }) }],
    keyConverter: converter,
    valueConverter: converter,
    headerConverter: converter,
  });
  assert.deepEqual([plans[Op.TRUNCATE]?.topic, plans[Op.CREATE]?.topic], ['routed', 'routed']);
  const change = new Change(shape.schema, 0, () => 'a test');
  assert.throws(() => plans[Op.TRUNCATE]?.steps?.[0]?.(change), /no row/);
});
