import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Op } from '../../../src/record/change.ts';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import { columnsOf, envelopeOf, optionsOf, written } from './transform-run.ts';

const columns = columnsOf({
  id: [ColumnKind.INT, 'int32'],
  zoned: [ColumnKind.ZONED_TIMESTAMP, 'string?', { name: 'io.debezium.time.ZonedTimestamp' }],
  micro: [ColumnKind.TIMESTAMP_MICROS, 'int64?', { name: 'io.debezium.time.MicroTimestamp' }],
});
const type = 'io.debezium.transforms.TimezoneConverter';
const winter = ['1', '2024-01-15 12:00:00.120+00', '2024-01-15 12:00:00.123456'];
const summer = ['1', '2024-07-15 22:30:00+00', '2024-07-15 12:00:00'];
const micros = (text: string): number => Date.parse(text) * 1000;

async function images(options: Record<string, string>, topic = 'shop.public.visits'): Promise<unknown[]> {
  const rows = [
    { op: Op.UPDATE, before: winter, after: summer },
    { op: Op.CREATE, after: ['2', null, null] },
    { op: Op.DELETE, before: winter },
    { op: Op.TOMBSTONE, before: winter },
  ];
  const records = await written(optionsOf(type, options), envelopeOf(topic, columns), rows);
  return records.map(({ value }) => {
    const { before, after } = (value ?? {}) as { before?: Record<string, unknown>; after?: Record<string, unknown> };
    return [before ?? null, after ?? null].map((image) => (image === null ? null : [image['zoned'], image['micro']]));
  });
}

/** The new row of the update. */
async function first(zone: string): Promise<unknown> {
  return ((await images({ 'converted.timezone': zone }))[0] as unknown[][])[1];
}

/** Which of the two moments, in both images, were converted. */
async function converted(options: Record<string, string>): Promise<string> {
  const [before, after] = (await images({ 'converted.timezone': '+01:00', ...options }))[0] as unknown[][];
  const isMoved = [before?.[0], after?.[0]].map((text) => String(text).endsWith('+01:00'));
  const isShifted = [before?.[1] !== micros('2024-01-15T12:00:00.123Z') + 456, after?.[1] !== micros('2024-07-15T12:00:00Z')];
  return [...isMoved, ...isShifted].map((each) => (each ? 'x' : '-')).join('');
}

describe('TimezoneConverter', () => {
  it('a zone with summer time', async () => {
    const before = ['2024-01-15T13:00:00.12+01:00', micros('2024-01-15T11:00:00.123Z') + 456];
    assert.deepEqual(await images({ 'converted.timezone': 'Europe/Berlin' }), [
      [before, ['2024-07-16T00:30:00+02:00', micros('2024-07-15T10:00:00Z')]],
      [null, [null, null]],
      [before, null],
      [null, null],
    ]);
  });

  it('a fixed offset, and UTC', async () => {
    assert.deepEqual(await first('-05:30'), ['2024-07-15T17:00:00-05:30', micros('2024-07-15T17:30:00Z')]);
    assert.deepEqual(await first('UTC'), ['2024-07-15T22:30:00Z', micros('2024-07-15T12:00:00Z')]);
  });

  it('include and exclude lists: by table, by topic, by either, with fields', async () => {
    const cases: readonly (readonly [string, string, string])[] = [
      ['include.list', 'source:visits', 'xxxx'],
      ['include.list', 'source:visits:zoned', 'xx--'],
      ['include.list', 'topic:shop.public.visits:micro', '--xx'],
      ['include.list', 'visits:after.zoned', '-x--'],
      ['include.list', 'source:other,visits:zoned', 'xx--'],
      ['include.list', 'source:other', '----'],
      ['exclude.list', 'source:visits', '----'],
      ['exclude.list', 'source:visits:zoned', '--xx'],
      ['exclude.list', 'topic:other', 'xxxx'],
    ];
    for (const [list, rule, expected] of cases) assert.equal(await converted({ [list]: rule }), expected, `${list}=${rule}`);
  });

  it('what it cannot take', async () => {
    await assert.rejects(images({ 'converted.timezone': 'Mars/Olympus' }), /no time zone "Mars\/Olympus"/);
    const zone = { 'converted.timezone': 'UTC' };
    await assert.rejects(images({ ...zone, 'include.list': 'a', 'exclude.list': 'b' }), /only one/);
    await assert.rejects(images({ ...zone, 'include.list': 'source:a:b:c' }), /write rules/);
  });
});
