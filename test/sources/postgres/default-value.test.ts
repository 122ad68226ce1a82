import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ColumnKind } from '../../../src/record/column-kind.ts';
import type { LiteralValue, Schema } from '../../../src/record/schema.ts';
import { defaultValue, isDefaultTold, parseLiteral } from '../../../src/sources/postgres/default-value.ts';
import type { MappedType } from '../../../src/sources/postgres/type-map.ts';

function mapped(kind: ColumnKind, typeOid: number, schema: Partial<Schema> & Pick<Schema, 'type'>, scale = -1): MappedType {
  return { kind, typeOid, scale, schema: { optional: true, ...schema } };
}

const [bytea, varchar, interval, timetz, decimal, money, extension] = [17, 1043, 1186, 1266, 1700, 790, 20_000];
const text = mapped(ColumnKind.STRING, varchar, { type: 'string' });
const mood = mapped(ColumnKind.STRING, extension, { type: 'string', name: 'io.debezium.data.Enum' });

test('literals, whatever casts surround them', () => {
  const cases: readonly (readonly [expression: string, literal: string | null])[] = [
    [`'x'::text`, 'x'],
    [`'it''s (not) ::text'::character varying(20)`, "it's (not) ::text"],
    [`''::text`, ''],
    ['42', '42'],
    ['-1', '-1'],
    ['(-1)::numeric', '-1'],
    [`('-1'::integer)::numeric(5,2)`, '-1'],
    [`'-1'::integer::numeric`, '-1'],
    ['1.5e3', '1.5e3'],
    ['true', 'true'],
    ['NULL::character varying', null],
    ['NULL', null],
    [`B'101'::"bit"`, '101'],
    [`'2020-01-01 00:00:00'::timestamp(3) without time zone`, '2020-01-01 00:00:00'],
    [`'00:00:00+00'::time with time zone`, '00:00:00+00'],
    [`'ok'::"my schema"."Mood"`, 'ok'],
    [`'{1,2}'::integer[]`, '{1,2}'],
    [`('x'::text)::character varying`, 'x'],
    [`E'a\\\\b'::text`, 'a\\b'],
  ];
  for (const [expression, literal] of cases) assert.equal(parseLiteral(expression), literal, expression);
});

test('whatever the server has to compute is not a literal', () => {
  const computed = [
    'now()',
    'CURRENT_TIMESTAMP',
    `nextval('a_seq'::regclass)`,
    `('now'::text)::date`,
    '(1 + 2)',
    `('a'::text || 'b'::text)`,
    'trueish()',
    `"left"('abc'::text, 2)`,
    `ARRAY['a'::text]`,
    `(now() + '1 day'::interval)`,
    '(1',
    '1 + 2',
  ];
  for (const expression of computed) assert.equal(parseLiteral(expression), undefined, expression);
});

test('a default of the schema: a literal, else the neutral value where NULL is not allowed', () => {
  const cases: readonly (readonly [expression: string | null, type: MappedType, notNull: boolean, told: LiteralValue | undefined])[] = [
    [null, text, true, undefined],
    ['NULL::character varying', text, false, undefined],
    ['NULL::character varying', text, true, undefined],
    [`'x'::character varying`, text, false, 'x'],
    ['lower(CURRENT_USER)', text, false, undefined],
    ['lower(CURRENT_USER)', text, true, ''],
    [`'ok'::mood`, mood, false, 'ok'],
    ['1.5', mapped(ColumnKind.DECIMAL, decimal, { type: 'bytes' }, 1), false, Uint8Array.of(15)],
    ['1.50', mapped(ColumnKind.DECIMAL, decimal, { type: 'bytes' }, 1), false, Uint8Array.of(15)],
    // What the scale does not hold is no value of the type.
    ['1.25', mapped(ColumnKind.DECIMAL, decimal, { type: 'bytes' }, 1), false, undefined],
    [`'-1 days -02:00:00'::interval`, mapped(ColumnKind.INTERVAL_MICROS, interval, { type: 'int64' }), false, -93_600_000_000n],
  ];
  for (const [expression, type, notNull, told] of cases)
    assert.deepEqual(defaultValue(expression, type, notNull), told, `${expression} ${notNull}`);
});

test('types that have no defaults in a schema, whatever the table has', () => {
  const types = [
    mapped(ColumnKind.BYTES_HEX, bytea, { type: 'bytes' }),
    mapped(ColumnKind.MONEY, money, { type: 'bytes' }, 2),
    mapped(ColumnKind.ZONED_TIME, timetz, { type: 'string' }),
    mapped(ColumnKind.STRING, extension, { type: 'string', name: 'io.debezium.data.Ltree' }),
    mapped(ColumnKind.ARRAY, 1007, { type: 'array' }),
    mapped(ColumnKind.MAP, extension, { type: 'map' }),
    mapped(ColumnKind.STRUCT, extension, { type: 'struct' }),
    mapped(ColumnKind.POINT, 600, { type: 'struct' }),
  ];
  for (const type of types) assert.equal(defaultValue('now()', type, true), undefined, type.schema.type);
});

test("defaults that Debezium's schemas tell: of plain types and enums, not of domains over them", () => {
  assert.ok(isDefaultTold(varchar, text) && isDefaultTold(extension, mood));
  assert.ok(!isDefaultTold(extension + 1, text) && !isDefaultTold(extension + 1, mood), 'a domain');
  assert.ok(!isDefaultTold(26, mapped(ColumnKind.LONG, 26, { type: 'int64' })), 'oid');
});
