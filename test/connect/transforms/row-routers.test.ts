import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Op } from '../../../src/record/change.ts';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import { javaDateFormat } from '../../../src/connect/transforms/java-date-format.ts';
import { columnsOf, envelopeOf, optionsOf, written } from './transform-run.ts';

const columns = columnsOf({ id: [ColumnKind.INT, 'int32'], name: [ColumnKind.STRING, 'string?'] });
const shape = () => envelopeOf('shop.public.orders', columns);
const rows = [
  { op: Op.CREATE, after: ['1', 'vip'] },
  { op: Op.UPDATE, after: ['2', null] },
  { op: Op.DELETE, before: ['1', 'vip'] },
  { op: Op.TOMBSTONE, before: ['1', 'vip'] },
] as const;

async function topicsOf(type: string, options: Record<string, string>): Promise<string[]> {
  return (await written(optionsOf(type, options), shape(), rows)).map(({ topic }) => topic);
}

describe('ContentBasedRouter', () => {
  const type = 'io.debezium.transforms.ContentBasedRouter';

  it("Debezium's documented example: updates go elsewhere, null leaves the topic", async () => {
    const options = { language: 'jsr223.groovy', 'topic.expression': "value.op == 'u' ? 'updates' : null" };
    assert.deepEqual(await topicsOf(type, options), ['shop.public.orders', 'updates', 'shop.public.orders', 'shop.public.orders']);
  });

  it('by value, and tombstones as asked', async () => {
    const expression = { 'topic.expression': "value.after.name == 'vip' ? topic + '.vips' : 'others'" };
    assert.deepEqual(await topicsOf(type, expression), ['shop.public.orders.vips', 'others', 'others', 'shop.public.orders']);
    assert.deepEqual(await topicsOf(type, { ...expression, 'null.handling.mode': 'drop' }), [
      'shop.public.orders.vips',
      'others',
      'others',
    ]);
    assert.equal(
      (await topicsOf(type, { 'topic.expression': "value == null ? 'gone' : null", 'null.handling.mode': 'evaluate' })).at(-1),
      'gone',
    );
    assert.deepEqual(
      await topicsOf(type, { ...expression, 'topic.regex': 'x' }),
      Array.from({ length: 4 }, () => 'shop.public.orders'),
    );
  });
});

describe('TimestampRouter', () => {
  const type = 'org.apache.kafka.connect.transforms.TimestampRouter';

  it("the record's time in the topic, in UTC", async () => {
    assert.deepEqual(new Set(await topicsOf(type, {})), new Set(['shop.public.orders-20260228']));
    const format = { 'topic.format': '${timestamp}.${topic}', 'timestamp.format': "yyyy'Q'MM-dd_HH" };
    assert.deepEqual(new Set(await topicsOf(type, format)), new Set(['2026Q02-28_23.shop.public.orders']));
    await assert.rejects(topicsOf(type, { 'timestamp.format': 'YYYY' }), /the letter Y is not known here/);
  });

  it("formats as Java's SimpleDateFormat does", () => {
    const at = Date.UTC(2024, 1, 29, 15, 4, 5, 6);
    const cases: readonly (readonly [string, string])[] = [
      ['yyyy-MM-dd HH:mm:ss.SSS', '2024-02-29 15:04:05.006'],
      ["yy'year' M d", '24year 2 29'],
      ['EEE, EEEE MMM MMMM', 'Thu, Thursday Feb February'],
      ['h a K k', '3 PM 3 15'],
      ["D u z Z X 'it''s'", "60 4 UTC +0000 Z it's"],
    ];
    for (const [pattern, expected] of cases) assert.equal(javaDateFormat(pattern, 'f')(at), expected);
    assert.equal(javaDateFormat("hh 'o''clock' kk KK", 'f')(Date.UTC(2024, 0, 1)), "12 o'clock 24 00");
    assert.throws(() => javaDateFormat("yyyy'x", 'f'), /a quote is not closed/);
  });
});
