import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planShape } from '../../src/connect/shape-plan.ts';
import { ColumnKind } from '../../src/record/column-kind.ts';
import { Op, TupleRef } from '../../src/record/change.ts';
import { nextRowSchemaId } from '../../src/record/row-schema.ts';
import type { HeaderNode, Node, Shape } from '../../src/record/shape.ts';
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
