import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CellTime } from '../../../src/sources/csv/cell-time.ts';
import { CivilTime } from '../../../src/sources/csv/civil-time.ts';
import { CellForm } from '../../../src/sources/csv/csv-type.ts';
import { TimePattern } from '../../../src/sources/csv/time-pattern.ts';
import { TimeZone } from '../../../src/base/time-zone.ts';
import { ByteRegister } from '../../../src/text/value-register.ts';

function written(text: string, form: CellForm, pattern: string | null, zone = 'UTC', shift = 0): string {
  const into = new ByteRegister();
  const bytes = Buffer.from(text);
  new CellTime({ form, pattern, zone }).write(bytes, 0, bytes.length, shift, into);
  return Buffer.from(into.bytes.subarray(0, into.length)).toString();
}

test('seconds since 1970 and dates are each other inverted, as the engine has them', () => {
  const civil = new CivilTime();
  fc.assert(
    fc.property(fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }), (seconds) => {
      civil.reset();
      civil.setSeconds(seconds);
      const date = new Date(seconds * 1000);
      assert.deepEqual([civil.year, civil.month, civil.day], [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]);
      assert.equal(civil.seconds, seconds);
    }),
  );
});

test('times are read by their pattern and written as ISO 8601', () => {
  const cases: readonly (readonly [string, CellForm, string | null, string, string])[] = [
    ['01.07.2020 00:25', CellForm.TIMESTAMP, 'dd.MM.yyyy HH:mm', 'UTC', '2020-07-01 00:25:00'],
    ['7/1/20 1:05 PM', CellForm.TIMESTAMP, 'M/d/yy h:mm a', 'UTC', '2020-07-01 13:05:00'],
    ['12:00 am', CellForm.TIME, 'h:mm a', 'UTC', '00:00:00'],
    ['5 Jan 2021', CellForm.DATE, 'd MMM yyyy', 'UTC', '2021-01-05'],
    ['20200701T002532.50', CellForm.TIMESTAMP, "yyyyMMdd'T'HHmmss.SS", 'UTC', '2020-07-01 00:25:32.50'],
    ['2020-07-01 00:25:32', CellForm.LOCAL, null, 'UTC', '2020-07-01T00:25:32'],
    ['2020-07-01 00:25:32.123', CellForm.LOCAL, null, 'UTC', '2020-07-01T00:25:32.123'],
    ['01.07.2020 00:25', CellForm.LOCAL, 'dd.MM.yyyy HH:mm', 'Europe/Berlin', '2020-07-01T00:25:00'],
    ['01.07.2020 00:25', CellForm.TIMESTAMP, 'dd.MM.yyyy HH:mm', 'Europe/Berlin', '2020-06-30 22:25:00'],
    ['01.01.2020 00:25', CellForm.ZONED, 'dd.MM.yyyy HH:mm', 'Europe/Berlin', '2019-12-31 23:25:00Z'],
    ['01.01.2020 00:25 +0530', CellForm.TIMESTAMP, 'dd.MM.yyyy HH:mm X', 'Europe/Berlin', '2019-12-31 18:55:00'],
    ['01.01.2020 00:25', CellForm.TIMESTAMP, 'dd.MM.yyyy HH:mm', '-03:30', '2020-01-01 03:55:00'],
    // Not of this form, or no day of the calendar: left as it is.
    ['31.02.2020 00:25', CellForm.TIMESTAMP, 'dd.MM.yyyy HH:mm', 'UTC', '31.02.2020 00:25'],
    ['01.07.2020 00:25 ', CellForm.TIMESTAMP, 'dd.MM.yyyy HH:mm', 'UTC', '01.07.2020 00:25 '],
    ['01.07.2020 24:25', CellForm.TIMESTAMP, 'dd.MM.yyyy HH:mm', 'UTC', '01.07.2020 24:25'],
  ];
  for (const [text, form, pattern, zone, expected] of cases) assert.equal(written(text, form, pattern, zone), expected, text);
});

test('a shift moves a time by seconds, over the end of days, and keeps its form', () => {
  assert.equal(written('2020-12-31 23:59:59.50', CellForm.TIMESTAMP, null, 'UTC', 2), '2021-01-01 00:00:01.50');
  assert.equal(written('2020-03-01 00:00:00', CellForm.LOCAL, null, 'UTC', -1), '2020-02-29T23:59:59');
});

test('around a change of clocks, offsets are those of the zone, and times skipped or repeated take the one before', () => {
  const zone = new TimeZone('Europe/Berlin');
  const offset = (text: string): number => zone.offsetAt(Date.parse(`${text}Z`) / 1000) / 3600;
  assert.deepEqual(['2021-03-28T01:59:59', '2021-03-28T02:30:00', '2021-03-28T03:00:00', '2021-07-01T00:00:00'].map(offset), [1, 1, 2, 2]);
  assert.deepEqual(['2021-10-31T01:59:59', '2021-10-31T02:30:00', '2021-10-31T03:00:00', '2021-12-01T00:00:00'].map(offset), [2, 2, 1, 1]);
  assert.throws(() => new TimeZone('Europe/Nowhere'), { code: 'config.invalid', message: /no time zone "Europe\/Nowhere"/ });
});

test('a letter that is not supported is refused with the list', () => {
  assert.throws(() => new TimePattern('dd.MM.yyyy QQ'), { code: 'config.invalid', message: /holds "QQ"/ });
  assert.throws(() => new TimePattern('EEE, d MMMM'), { code: 'config.invalid', message: /holds "EEE"/ });
});
