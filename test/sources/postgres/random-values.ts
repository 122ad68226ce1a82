import fc from 'fast-check';

/** SQL expressions whose values are drawn by chance. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
export const as =
  (type: string) =>
  (text: string): string =>
    `${quoted(text)}::${type}`;
export const awkward = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 9 }).filter((value) => !value.includes('\u0000')),
  fc.constantFrom(
    '',
    'NULL',
    'null',
    '{',
    '}',
    '(',
    ')',
    ',',
    '"',
    '""',
    '\\',
    ' ',
    'a b',
    ';',
    ':',
    '[1,2)',
    '=>',
    "'",
    '\\N',
    '\n',
    '\t',
  ),
);
export const micros = fc.oneof(
  fc.bigInt({ min: -210_866_803_200_000_000n, max: 9_223_371_331_199_999_999n }),
  fc.bigInt({ min: -62_200_000_000_000_000n, max: 4_000_000_000_000_000n }),
  fc.bigInt({ min: -2n, max: 4_000_000_000n }).map((seconds) => seconds * 1_000_000n),
);
export const moment = (value: bigint): string =>
  `(timestamp '2000-01-01' + ${(value - 946_684_800_000_000n) / 86_400_000_000n} * interval '1 day' + ${(value - 946_684_800_000_000n) % 86_400_000_000n} * interval '1 microsecond')`;
export const orInfinite = (type: string, finite: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ weight: 9, arbitrary: finite }, { weight: 1, arbitrary: fc.constantFrom('infinity', '-infinity').map(as(type)) });
export const timestamps = orInfinite('timestamp', micros.map(moment));
export const zoned = orInfinite(
  'timestamptz',
  micros.map((value) => `(${moment(value)} AT TIME ZONE 'UTC')`),
);
export const finiteDates = fc.integer({ min: -2_440_000, max: 2_145_000_000 }).map((days) => `(date '1970-01-01' + ${days})`);
export const times = fc.oneof(
  fc.bigInt({ min: 0n, max: 86_399_999_999n }).map((value) => `(time '00:00' + ${value} * interval '1 microsecond')`),
  fc.constant(`time '24:00:00'`),
);
export const zonedTimes = fc
  .tuple(fc.bigInt({ min: 0n, max: 86_399_999_999n }), fc.integer({ min: -15 * 3600, max: 15 * 3600 }))
  .map(([value, zone]) => `((time '00:00' + ${value} * interval '1 microsecond')::text || ${quoted(zoneText(zone))})::timetz`);
export const intervals = fc
  .tuple(
    fc.integer({ min: -30_000, max: 30_000 }),
    fc.integer({ min: -100_000, max: 100_000 }),
    fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
  )
  .map(([months, days, value]) => `make_interval(months => ${months}, days => ${days}) + ${value} * interval '1 microsecond'`);
export const numerics = fc
  .tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.integer({ min: -30, max: 30 }))
  .map(([digits, exponent]) => `${quoted(`${digits}e${exponent}`)}::numeric`);
export const doubles = fc.double().map((value) => as('float8')(String(value)));
export const number = fc.double({ noNaN: true, noDefaultInfinity: true });
export const point = fc.tuple(number, number).map(([x, y]) => `(${x},${y})`);
export const points = fc.array(point, { minLength: 1, maxLength: 5 });
export const bits = fc.array(fc.constantFrom('0', '1'), { minLength: 1, maxLength: 70 }).map((list) => list.join(''));

function zoneText(seconds: number): string {
  const absolute = Math.abs(seconds);
  const parts = [Math.floor(absolute / 3600), Math.floor(absolute / 60) % 60, absolute % 60].map((part) => String(part).padStart(2, '0'));
  return `${seconds < 0 ? '-' : '+'}${parts.join(':')}`;
}

/** An array of one to three dimensions with lower bounds of its own, NULLs among its elements, or an empty one. */
export function arrays(type: string, element: fc.Arbitrary<string | null>): fc.Arbitrary<string> {
  return fc
    .array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: 1, max: 3 })), { minLength: 1, maxLength: 3 })
    .chain((dimensions) => {
      const count = dimensions.reduce((product, [, length]) => product * length, 1);
      return fc.array(fc.option(element), { minLength: count, maxLength: count }).map((items) => {
        const nest = (from: number, size: number, level: number): string => {
          const [, length = 1] = dimensions[level] ?? [];
          if (level === dimensions.length) return itemText(items[from] ?? null);
          const step = size / length;
          return `{${Array.from({ length }, (_, at) => nest(from + at * step, step, level + 1)).join(type === 'box' ? ';' : ',')}}`;
        };
        const bounds = dimensions.map(([from, length]) => `[${from}:${from + length - 1}]`).join('');
        return as(`${type}[]`)(`${bounds}=${nest(0, count, 0)}`);
      });
    });
}

export function itemText(item: string | null): string {
  return item === null ? 'NULL' : `"${item.replaceAll(/["\\]/g, '\\$&')}"`;
}

export const field = (values: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.option(values, { nil: 'NULL' });
export const pairs = fc.tuple(field(fc.integer().map(String)), field(awkward.map(quoted))).map(([a, b]) => `ROW(${a}, ${b})::pair`);
export const nested = fc
  .tuple(
    field(pairs),
    field(fc.array(field(pairs), { maxLength: 3 }).map((list) => `ARRAY[${list.join(',')}]::pair[]`)),
    field(numerics),
    field(timestamps),
  )
  .map((fields) => `ROW(${fields.join(', ')})::nested`);

export function ranges(type: string, bound: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const one = fc
    .tuple(fc.option(bound, { nil: 'NULL' }), fc.option(bound, { nil: 'NULL' }), fc.constantFrom('[)', '()', '[]', '(]'))
    // The lower bound first, as Postgres wants it.
    .map(
      ([a, b, brackets]) =>
        `CASE WHEN ${a} <= ${b} OR (${a} <= ${b}) IS NULL THEN ${type}(${a}, ${b}, '${brackets}') ELSE ${type}(${b}, ${a}, '${brackets}') END`,
    );
  return fc.oneof({ weight: 9, arbitrary: one }, { weight: 1, arbitrary: fc.constant(`'empty'::${type}`) });
}

export function multiranges(): fc.Arbitrary<string> {
  return fc
    .array(fc.tuple(fc.integer({ min: -50, max: 50 }), fc.nat(9)), { maxLength: 4 })
    .map((list) => `int4multirange(${list.map(([from, length]) => `int4range(${from}, ${from + length})`).join(', ')})`);
}

export function hstores(): fc.Arbitrary<string> {
  return fc
    .uniqueArray(
      fc.tuple(
        awkward.filter((key) => key !== '__proto__'),
        fc.option(awkward),
      ),
      { selector: ([key]) => key, maxLength: 5 },
    )
    .map(
      (list) =>
        `hstore(ARRAY[${list.flatMap(([key, value]) => [quoted(key), value === null ? 'NULL' : quoted(value)]).join(',')}]::text[])`,
    );
}
