import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Op } from '../../../src/record/change.ts';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import { parseExpression } from '../../../src/connect/transforms/expression.ts';
import { columnsOf, envelopeOf, optionsOf, written } from './transform-run.ts';
import type { Row } from './transform-run.ts';

const columns = columnsOf({
  id: [ColumnKind.INT, 'int32'],
  name: [ColumnKind.STRING, 'string?'],
  price: [ColumnKind.FLOAT64, 'float64?'],
  paid: [ColumnKind.BOOLEAN, 'boolean?'],
  big: [ColumnKind.LONG, 'int64?'],
  day: [ColumnKind.DATE_DAYS, 'int32?'],
  at: [ColumnKind.TIMESTAMP_MICROS, 'int64?'],
});
const shape = () => envelopeOf('shop.public.orders', columns);
const rows: readonly Row[] = [
  { op: Op.CREATE, after: ['1', 'first', '9.5', 't', '9007199254740993', '2024-02-29', '2024-02-29 12:00:00.000001'] },
  {
    op: Op.UPDATE,
    before: ['2', 'old', null, 'f', null, null, null],
    after: ['2', "it's", '100', 'f', null, '0044-03-15 BC', '20000-01-01 00:00:00'],
  },
  { op: Op.DELETE, before: ['3', null, '5', null, '7', null, null] },
  { op: Op.TOMBSTONE, before: ['3', null, '5', null, '7', null, null] },
];
const type = 'io.debezium.transforms.Filter';

/** Keys of the rows that pass, and `-` for the tombstone. */
async function passed(condition: string, options: Record<string, string> = {}): Promise<string> {
  const records = await written(optionsOf(type, { condition, ...options }), shape(), rows);
  return records.map(({ key, value }) => (value === null ? '-' : String((key as { id: number }).id))).join('');
}

describe("Debezium's Filter, with an expression", () => {
  const cases: readonly (readonly [condition: string, passed: string])[] = [
    ["value.op == 'u' && value.before.id == 2", '2-'],
    ["value.op == 'c' || value.op == 'd'", '13-'],
    ['value.after.price > 9', '12-'],
    ['value.after.price * 2 + 1 >= 20 && value.after.price <= 100', '12-'],
    ['value.before == null', '1-'],
    ['value.after != null', '12-'],
    ['!(value.after.paid)', '23-'],
    ['value.after.big == 9007199254740993', '1-'],
    ['value.after.big == 9007199254740992', '-'],
    ["value.after.name == 'it\\'s'", '2-'],
    ["value.op in ['c', 'd']", '13-'],
    ["value.after.name =~ '^f.r'", '1-'],
    ["value.after.name ==~ 'f.r'", '-'],
    ['value?.after?.[\'name\'] === "first"', '1-'],
    ["topic == 'shop.public.orders' && key.id != 2", '13-'],
    ["value.source.table == 'orders' ? key.id - 1 == 0 : true", '1-'],
    ["value.after.name + key.id == 'first1'", '1-'],
    ['-key.id < -2', '3-'],
    ['key.id % 2 == 1', '13-'],
    ['value.after.day == 19782 && value.after.at == 1709208000000001', '1-'],
    ["value.after.day == '2024-02-29' && value.after.at < '2025'", '1-'],
    ['value.after.at > 1709208000000000 && 0 < value.after.at', '12-'],
    ['value.after.at / 1000000 > value.after.id', '12-'],
    ['value.after.day in [1, 19782]', '1-'],
    ['value.after.day < -1000000 && value.after.at > 4000000000000000', '2-'],
    ['false', '-'],
  ];
  for (const [condition, expected] of cases) it(condition, async () => assert.equal(await passed(condition), expected));

  it('tombstones: kept, dropped or asked', async () => {
    assert.equal(await passed('false', { 'null.handling.mode': 'drop' }), '');
    assert.equal(await passed('value == null', { 'null.handling.mode': 'evaluate' }), '-');
    assert.equal(await passed("value.op == 'c'", { 'null.handling.mode': 'evaluate' }), '1');
  });

  it('topics that do not match pass, whatever the expression says of them', async () => {
    assert.equal(await passed('value.nonsense == 1', { 'topic.regex': 'other.*', language: 'jsr223.groovy' }), '123-');
    assert.equal(await passed("value.op == 'c'", { 'topic.regex': 'shop\\..*' }), '1-');
  });

  it('what it cannot read is refused with the config', () => {
    const refusals: readonly (readonly [string, RegExp])[] = [
      ["value.after.name.startsWith('a')", /"startsWith\(\)" is a call, and there are none/],
      ['value.after.', /a name is missing after "value\.after\."/],
      ['value.op = 1', /"= 1" cannot be read/],
      ["value.op == 'c", /cannot be read/],
      ['(value.op', /it ends where "\)" is expected/],
      ['value.op value.op', /"value" stands where the end is expected/],
      ['1 +', /it ends too early/],
      ["value.op =~ '('", /is not a regular expression/],
      ['', /it ends too early/],
      ["value['op'", /"\]" is expected/],
    ];
    for (const [text, reason] of refusals) assert.throws(() => parseExpression(text, 'condition'), reason);
  });

  it('a name that the records lack is refused with the table, and named with those there are', async () => {
    await assert.rejects(passed('value.after.nope == 1'), /"value\.after\.nope".*there is no "nope" beside id, name, price, paid, big/);
    await assert.rejects(passed('record.id == 1'), /begins with "record"/);
    await assert.rejects(passed('value.op.x == 1'), /"x" is asked of a string/);
    await assert.rejects(passed('true', { language: 'wasm.chicory' }), /WebAssembly/);
  });
});
