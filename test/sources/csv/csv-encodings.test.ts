import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { CsvFixture, CsvRun } from './csv-fixture.ts';

test('other encodings are transcoded, with positions in the bytes of the file', async () => {
  using fixture = new CsvFixture();
  const text = `id,name\n${Array.from({ length: 300 }, (_, at) => `${at},Zoë ${'ÿé'.repeat(at % 7)}`).join('\n')}\n`;
  const cases: [string, Buffer][] = [
    ['UTF-16LE', Buffer.from(`\uFEFF${text.replaceAll('Z', '😀')}`, 'utf16le')],
    ['UTF-16BE', Buffer.from(`\uFEFF${text.replaceAll('Z', '😀')}`, 'utf16le').swap16()],
    ['ISO-8859-1', Buffer.from(text, 'latin1')],
  ];
  for (const [charset, bytes] of cases) {
    const file = fixture.path(`${charset}.csv`);
    writeFileSync(file, bytes);
    const config = { file, 'csv.file.charset': charset };
    const run = new CsvRun(fixture.source(config), [], (out, stop) => {
      out.onBoundary = () => {
        if (out.rows.length === 100) stop();
      };
    });
    await run.until(() => run.out.rows.length === 100);
    const next = new CsvRun(fixture.source(config), await run.stop());
    await next.until(() => next.out.rows.length === 200);
    const [stored] = await next.stop();
    const expected = (charset === 'ISO-8859-1' ? text : text.replaceAll('Z', '😀')).trim().split('\n').slice(1);
    assert.deepEqual(
      [...run.lines, ...next.lines],
      expected.map((line) => line.replace(',', '|')),
      charset,
    );
    assert.equal(stored!.offset!['position'], bytes.length);
  }
});

test('encodings of various widths are read whole, gone on with in the middle, and bad bytes are told', async () => {
  using fixture = new CsvFixture();
  // Second bytes that would be a backslash, a brace or a bar on their own.
  const cases: [string, string, number[]][] = [
    ['Shift_JIS', '表日本', [0x95, 0x5c, 0x93, 0xfa, 0x96, 0x7b]],
    ['GBK', '中文', [0xd6, 0xd0, 0xce, 0xc4]],
    ['Big5', '功', [0xa5, 0x5c]],
    ['EUC_KR', '한글', [0xc7, 0xd1, 0xb1, 0xdb]],
  ];
  for (const [charset, word, bytes] of cases) {
    const file = fixture.path(`${charset}.csv`);
    const line = (at: number): Buffer => Buffer.concat([Buffer.from(`${at},"`), Buffer.from(bytes), Buffer.from('"\n')]);
    writeFileSync(
      file,
      Buffer.concat([Buffer.from('id,word\n'), ...[1, 2, 3].map(line), Buffer.from([0x34, 0x2c, 0xfe, 0xff, 0x0a]), line(5)]),
    );
    const config = { file, 'csv.file.charset': charset, columns: 'id:int,word:string', 'csv.escape.char': '\\' };
    const run = new CsvRun(fixture.source(config), [], (out, stop) => {
      out.onBoundary = () => {
        if (out.rows.length === 2) stop();
      };
    });
    await run.until(() => run.out.rows.length === 2);
    const next = new CsvRun(fixture.source(config), await run.stop());
    await next.until(() => next.out.rows.length === 2);
    await next.stop();
    assert.deepEqual([...run.lines, ...next.lines], [`1|${word}`, `2|${word}`, `3|${word}`, `5|${word}`], charset);
    assert.match(next.out.failures[0]!.message, /line 5, column 2 \(word\): the bytes are not valid/);
  }
});
