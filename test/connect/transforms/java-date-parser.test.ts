import assert from 'node:assert/strict';
import { it } from 'node:test';

import { Op } from '../../../src/record/change.ts';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import { javaDateParser } from '../../../src/connect/transforms/java-date-parser.ts';
import { columnsOf, envelopeOf, optionsOf, written } from './transform-run.ts';

/** What `java.text.SimpleDateFormat` of Java 17 reads, in English and UTC; null: it refuses. */
const parsed: readonly (readonly [pattern: string, text: string, epochMs: number | null])[] = [
  ['yyyy-MM-dd', '2024-02-29', 1_709_164_800_000],
  ['yyyy-MM-dd', '2024-2-9 tail', 1_707_436_800_000],
  ['yyyy-MM-dd', '2024-13-01', 1_735_689_600_000],
  ['yyyy-MM-dd', 'x', null],
  ['yyyyMMddHHmmss', '20240229123456', 1_709_210_096_000],
  ['yyyy-MM-dd HH:mm:ss.SSS', '2024-02-29 12:34:56.789', 1_709_210_096_789],
  ['yyyy-MM-dd HH:mm:ss.SSS', '2024-02-29 12:34:56.7', 1_709_210_096_007],
  ['yyyy-MM-dd HH:mm:ss.SSS', '2024-02-29 12:34:56.123456', 1_709_210_219_456],
  ['dd MMM yyyy', '05 Mar 2024', 1_709_596_800_000],
  ['dd MMM yyyy', '05 march 2024', 1_709_596_800_000],
  ['dd MMMM yyyy', '05 March 2024', 1_709_596_800_000],
  ['EEE, dd MMM yyyy HH:mm:ss Z', 'Tue, 05 Mar 2024 01:02:03 +0530', 1_709_580_723_000],
  ["yyyy-MM-dd'T'HH:mm:ssX", '2024-02-29T12:34:56Z', 1_709_210_096_000],
  ["yyyy-MM-dd'T'HH:mm:ssXXX", '2024-02-29T12:34:56+05:30', 1_709_190_296_000],
  ["yyyy-MM-dd'T'HH:mm:ssX", '2024-02-29T12:34:56-08', 1_709_238_896_000],
  ['hh:mm a', '11:05 PM', 83_100_000],
  ['hh:mm a', '12:05 am', 300_000],
  ['MM/dd/yy', '02/29/24', 1_709_164_800_000],
  ['MM/dd/yy', '02/29/1999', 920_246_400_000],
  ['HH:mm', '24:00', 86_400_000],
  ['D yyyy', '60 2024', 1_709_164_800_000],
  ['kk:mm', '24:10', 600_000],
  ['KK:mm a', '0:10 PM', 43_800_000],
  ['yyyy-MM-dd', ' 2024-02-29', 1_709_164_800_000],
  ['yyyy-MM-dd HH:mm:ss z', '2024-02-29 12:34:56 UTC', 1_709_210_096_000],
  // Java goes by the Julian calendar here.
  ['yyyy-MM-dd', '1500-01-01', null],
];

it('texts are read as Java reads them', () => {
  for (const [pattern, text, epochMs] of parsed) assert.equal(javaDateParser(pattern, 'format')(text), epochMs, `${pattern} of ${text}`);
  assert.throws(() => javaDateParser('yyyy-ww', 'format'), /the letter w is not known here/);
  assert.throws(() => javaDateParser("yyyy'T", 'format'), /a quote is not closed/);
});

it('TimestampConverter reads text columns by its format', async () => {
  const columns = columnsOf({ id: [ColumnKind.INT, 'int32'], at: [ColumnKind.STRING, 'string?'] });
  const run = (options: Readonly<Record<string, string>>, at: string | null) => {
    const chain = {
      ...optionsOf('io.debezium.transforms.ExtractNewRecordState'),
      transforms: 'A,B',
      'transforms.B.type': 'TimestampConverter$Value',
      'transforms.B.field': 'at',
      ...Object.fromEntries(Object.entries(options).map(([name, value]) => [`transforms.B.${name}`, value])),
    };
    return written(chain, envelopeOf('s.public.t', columns), [{ op: Op.CREATE, after: ['1', at] }]);
  };
  const unix = { 'target.type': 'unix', format: 'dd.MM.yyyy' };
  assert.deepEqual((await run(unix, '29.02.2024'))[0]?.value, { id: 1, at: 1_709_164_800_000 });
  assert.deepEqual((await run(unix, null))[0]?.value, { id: 1, at: null });
  await assert.rejects(run(unix, 'soon'), (error: Error) => /cannot read a text/.test(String(error.cause)));
  await assert.rejects(run({ 'target.type': 'unix' }, '29.02.2024'), /requires format option/);
});
