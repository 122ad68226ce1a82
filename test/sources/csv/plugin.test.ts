import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spoolDirClass } from '../../../src/sources/csv/class-names.ts';
import { csvOptions } from '../../../src/sources/csv/csv-options.ts';
import { csvSourcePlugin } from '../../../src/sources/csv/plugin.ts';
import { configOf } from './csv-fixture.ts';

const optionsOf = (values: Record<string, string>): ReturnType<typeof csvOptions> => csvOptions(configOf({ file: 'a.csv', ...values }));

const issuesOf = (values: Record<string, string>): string[] =>
  csvSourcePlugin.validate!(configOf(values)).map(({ key, message }) => `${key}: ${message}`);

/** The complaint of the key's own declaration. */
const complaint = (name: string, value: string): string | null =>
  csvSourcePlugin.configKeys.find((key) => key.name === name)!.check!(value);

test('left alone, a file is RFC 4180 in UTF-8 with a header', () => {
  const { dialect, header, charset, shape, repeat, follow } = optionsOf({});
  assert.deepEqual([dialect.separator, dialect.quote, dialect.escape, dialect.emptyUnquotedIsNull], [44, 34, 0, true]);
  assert.deepEqual([header, charset.name, repeat, follow], [true, 'utf-8', 1, 'no']);
  assert.deepEqual(shape.names, { topic: 'rides', value: 'rides.Value', key: 'rides.Key' });
});

test('under the spooldir class its defaults hold', () => {
  const { dialect, header } = optionsOf({ 'connector.class': spoolDirClass, 'finished.path': 'done' });
  assert.deepEqual([header, dialect.escape, dialect.emptyUnquotedIsNull], [false, 92, false]);
  assert.equal(csvSourcePlugin.className, 'millrace.CsvSource');
  assert.ok(csvSourcePlugin.aliases.includes(spoolDirClass));
});

test('characters are given by themselves or by their codes', () => {
  for (const [text, code] of [
    [';', 59],
    ['59', 59],
    ['\t', 9],
    ['\\t', 9],
    ['9', 9],
    [' ', 32],
    ['|', 124],
  ] as const) {
    assert.equal(optionsOf({ 'csv.separator.char': text }).dialect.separator, code, JSON.stringify(text));
  }
  assert.equal(optionsOf({ 'csv.quote.char': '0' }).dialect.quote, 0);
  for (const wrong of ['ä', ';;', '200', '10']) assert.match(complaint('csv.separator.char', wrong)!, /must be one ASCII character/);
  assert.match(issuesOf({ file: 'a', 'csv.separator.char': '"' })[0]!, /csv\.separator\.char: .*same character/);
});

test('keys that contradict each other are told', () => {
  assert.match(issuesOf({})[0]!, /Neither "file" nor "input.path"/);
  assert.match(issuesOf({ file: 'a', 'input.path': 'b' })[0]!, /Both/);
  assert.match(issuesOf({ file: 'a', follow: 'true', repeat: 'forever' })[0]!, /^repeat: /);
  assert.deepEqual(issuesOf({ file: 'a', columns: 'a:int,a:int' }), ['columns: Column "a" is listed twice.']);
  assert.deepEqual(issuesOf({ file: 'a', columns: 'a:int', 'key.fields': 'a,b' }), ['key.fields: Column "b" is not in "columns".']);
  assert.deepEqual(issuesOf({ file: 'a', columns: 'a:int?', 'key.fields': 'a' }), [
    'key.fields: Column "a" of the key may not be optional.',
  ]);
  assert.match(issuesOf({ file: 'a', 'key.form': 'single', 'key.fields': 'a,b' })[0]!, /^key\.form: .*exactly one field/);
  assert.match(issuesOf({ file: 'a', 'value.fields': 'a:date("QQ")' })[0]!, /holds "QQ"/);
  assert.match(issuesOf({ file: 'a', 'value.fields': 'a:timestamp("yyyy",Mars/City)' })[0]!, /no time zone "Mars\/City"/);
  assert.match(issuesOf({ file: 'a', 'cleanup.policy': 'MOVE' })[0]!, /finished\.path is missing/);
  assert.match(issuesOf({ file: 'a', 'cleanup.policy': 'DELETE', repeat: '2' })[0]!, /^cleanup\.policy: /);
  assert.match(issuesOf({ file: 'a', 'timestamp.mode': 'FIELD' })[0]!, /timestamp\.field names no column/);
  assert.deepEqual(issuesOf({ file: 'a' }), []);
});

test('single values are checked by their declaration', () => {
  assert.equal(complaint('columns', 'a:int,b:decimal(10,2)?'), null);
  assert.match(complaint('columns', 'a:integr')!, /unknown type/);
  assert.match(complaint('csv.file.charset', 'UTF-7')!, /must be UTF-8/);
  assert.match(complaint('input.file.pattern', '(')!, /Invalid regular expression/);
  assert.match(complaint('repeat', '0')!, /must be once/);
  assert.deepEqual(
    ['once', 'forever', '3'].map((value) => optionsOf({ repeat: value }).repeat),
    [1, Infinity, 3],
  );
});
