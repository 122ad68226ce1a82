import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseLiteral } from '../../../src/sources/postgres/default-value.ts';

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
  ];
  for (const expression of computed) assert.equal(parseLiteral(expression), undefined, expression);
});
