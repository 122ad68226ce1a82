import assert from 'node:assert/strict';
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import avsc from 'avsc';
import fc from 'fast-check';
import { ArrayReader } from '../../../src/text/text-array.ts';
import { generate, oneField, values } from './generator-run.ts';

const seed = fc.integer();
const runs = { numRuns: 40 };

function elements(text: string): (string | null)[] {
  const reader = new ArrayReader();
  const bytes = Buffer.from(text);
  reader.read(bytes, 0, bytes.length);
  return Array.from({ length: reader.count }, (_, at) =>
    reader.isNull[at] === 1 ? null : Buffer.from(reader.bytes.subarray(reader.start[at], reader.end[at])).toString('utf8'),
  );
}

const kind = (name: string): Promise<(string | null)[]> => values({ type: 'string', 'arg.properties': { kind: name } }, 20, 4);

const arg = (type: string, properties: object): unknown => ({ type, 'arg.properties': properties });

const refused = async (type: unknown, reason: RegExp): Promise<void> => {
  await assert.rejects(values(type, 1, 1), (error: Error) => {
    assert.match(error.message, /field "a"/);
    assert.match(error.message, reason);
    return true;
  });
};

const triples = (min: number, max: number): unknown => ({
  type: 'string',
  'arg.properties': { regex: '[ab]{3}(cd)*', length: { min, max } },
});

const iterate = (type: string, iteration: unknown, more: object = {}): Promise<(string | null)[]> =>
  values({ type, 'arg.properties': { iteration, ...more } }, 6, 1);

const share = async (type: unknown, hit: (text: string | null) => boolean): Promise<number> =>
  (await values(type, 4000, 9)).filter(hit).length / 4000;

const near = (found: number, wanted: number): void => assert.ok(Math.abs(found - wanted) < 0.03, `${found} instead of ${wanted}`);

const drawn = async (type: unknown): Promise<string[]> => [...new Set(await values(type, 200, 2))].map(String).sort();

const pick = (type: unknown, options: unknown, more: object = {}): unknown => ({ type, ...more, 'arg.properties': { options } });

test('integers lie in their range, whatever it is', async () => {
  const bound = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  await fc.assert(
    fc.asyncProperty(bound, bound, seed, async (left, right, start) => {
      fc.pre(left !== right);
      const [min, max] = left < right ? [left, right] : [right, left];
      // JSON.stringify knows no bigint.
      const schema = oneField({ type: 'long', 'arg.properties': { range: { min: 'MIN', max: 'MAX' } } })
        .replace('"MIN"', String(min))
        .replace('"MAX"', String(max));
      const out = await generate({ 'schema.string': schema, 'random.seed': String(start) }, 20);
      for (const [text] of out.rows) assert.ok(BigInt(text ?? '') >= min && BigInt(text ?? '') < max, `${text} is not in ${min}..${max}`);
    }),
    runs,
  );
});

test('a narrow range far beyond 2^53 is met without ado', async () => {
  const schema = oneField({ type: 'long', 'arg.properties': { range: { min: 'MIN', max: 'MAX' } } });
  const far = schema.replace('"MIN"', '4611686018427387905').replace('"MAX"', '4611686018427387908');
  const out = await generate({ 'schema.string': far, 'random.seed': '1' }, 100);
  const drawn = new Set(out.rows.map((row) => row[0]));
  assert.deepEqual(drawn, new Set(['4611686018427387905', '4611686018427387906', '4611686018427387907']));
});

test('a range of one integer gives that one, and small ranges give all of theirs', async () => {
  assert.deepEqual(new Set(await values({ type: 'int', 'arg.properties': { range: { min: 7, max: 8 } } }, 20, 1)), new Set(['7']));
  const drawn = new Set(await values({ type: 'int', 'arg.properties': { range: { min: -2, max: 3 } } }, 300, 1));
  assert.deepEqual(
    [...drawn].map(Number).sort((a, b) => a - b),
    [-2, -1, 0, 1, 2],
  );
  const all = await values('long', 200, 5);
  assert.ok(all.some((text) => BigInt(text ?? '') < -(2n ** 62n)) && all.some((text) => BigInt(text ?? '') > 2n ** 62n));
});

test('doubles, floats and decimals lie in their range', async () => {
  const bound = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 });
  await fc.assert(
    fc.asyncProperty(bound, bound, seed, async (left, right, start) => {
      const [min, max] = left < right ? [left, right] : [right, left];
      fc.pre(min < max);
      for (const text of await values({ type: 'double', 'arg.properties': { range: { min, max } } }, 20, start)) {
        assert.ok(Number(text) >= min && Number(text) < max, `${text} is not in ${min}..${max}`);
      }
    }),
    runs,
  );
  for (const text of await values({ type: 'float', 'arg.properties': { range: { min: 0.5, max: 1.5 } } }, 200, 3)) {
    assert.ok(Number(text) >= 0.5 && Number(text) < 1.5);
  }
  const price = { type: 'bytes', logicalType: 'decimal', precision: 4, scale: 2 };
  for (const text of await values({ ...price, 'arg.properties': { range: { min: 10.05, max: 10.08 } } }, 100, 3)) {
    assert.match(text ?? '', /^10\.0[567]$/);
  }
  for (const text of await values(price, 100, 3)) assert.match(text ?? '', /^-?\d\d\.\d\d$/);
});

test('texts match their regular expression and have the length that is asked for', async () => {
  const patterns = [
    String.raw`[A-Z]{2}\d{6}[A-Z]`,
    '(ab|c)*d?[e-g]{1,3}',
    String.raw`[^a-z]+\.(de|com|org)`,
    'User_[1-9]{0,1}',
    '(?:x{2,4}y|z)+',
    'ä[α-ω]*ß',
    String.raw`\[[0-9][0-9],[0-9][0-9]\]`,
    '',
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...patterns),
      fc.nat(6),
      fc.integer({ min: 1, max: 8 }),
      fc.boolean(),
      seed,
      async (regex, min, more, bounded, start) => {
        const length = { min, max: min + more };
        let texts: (string | null)[];
        try {
          texts = await values({ type: 'string', 'arg.properties': bounded ? { regex, length } : { regex } }, 20, start);
        } catch (error) {
          // That is for the next test: here it only matters that it is not said without reason.
          assert.match(String(error), /cannot be met/);
          assert.ok(bounded);
          return;
        }
        for (const text of texts) {
          assert.match(text ?? '', new RegExp(`^(?:${regex})$`, 'u'));
          const size = Array.from(text ?? '').length;
          if (bounded) assert.ok(size >= length.min && size < length.max, `${text} has ${size} characters`);
        }
      },
    ),
    { numRuns: 150 },
  );
});

test('a regular expression of a fixed length meets that length and no other', async () => {
  assert.ok((await values(triples(5, 6), 10, 1)).every((text) => /^[ab]{3}cd$/.test(text ?? '')));
  await assert.rejects(
    values(triples(4, 5), 1, 1),
    /field "a": "regex" \[ab\]\{3\}\(cd\)\* cannot be met: none of its texts has 4 to 4 characters/,
  );
});

test('iterations go from start by step and wrap before restart', async () => {
  assert.deepEqual(await iterate('int', { start: 1 }), ['1', '2', '3', '4', '5', '6']);
  assert.deepEqual(await iterate('long', { start: 10, restart: 20, step: 4 }), ['10', '14', '18', '12', '16', '10']);
  assert.deepEqual(await iterate('int', { start: 0, restart: -3 }), ['0', '-1', '-2', '0', '-1', '-2']);
  assert.deepEqual(await iterate('int', { start: 5, restart: 8, initial: 7 }), ['7', '5', '6', '7', '5', '6']);
  assert.deepEqual(await iterate('double', { start: 0.5, step: 0.25 }), ['0.5', '0.75', '1', '1.25', '1.5', '1.75']);
  assert.deepEqual(await iterate('boolean', { start: true }), ['t', 'f', 't', 'f', 't', 'f']);
  assert.deepEqual(await iterate('string', { start: 8 }, { prefix: 'n', suffix: '!' }), ['n8!', 'n9!', 'n10!', 'n11!', 'n12!', 'n13!']);
});

test('odds, distributions and malformed rates are what they say', async () => {
  near(await share({ type: 'boolean', 'arg.properties': { odds: 0.2 } }, (text) => text === 't'), 0.2);
  near(await share({ type: 'boolean', 'arg.properties': { odds: 0 } }, (text) => text === 't'), 0);
  near(await share(['null', 'int'], (text) => text === null), 0.5);
  near(await share({ type: ['null', 'int'], 'arg.properties': { distribution: { 0: 0.9, 1: 0.1 } } }, (text) => text === null), 0.9);
  assert.equal(await share({ type: ['null', 'int'], 'arg.properties': { position: 1 } }, (text) => text === null), 0);
  near(await share({ type: 'int', 'arg.properties': { 'malformed-rate': 0.3 } }, (text) => /^malformed-\d{4}$/.test(text ?? '')), 0.3);
});

test('lengths of text, bytes, arrays and maps; keys of a map are distinct', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(5), fc.integer({ min: 1, max: 4 }), seed, async (min, more, start) => {
      const length = { min, max: min + more };
      const fits = (size: number): void => assert.ok(size >= length.min && size < length.max, `${size} is not in ${min}..${min + more}`);
      const of = (type: object, more_: object = {}): Promise<(string | null)[]> =>
        values({ ...type, 'arg.properties': { length, ...more_ } }, 10, start);
      for (const text of await of({ type: 'string' })) fits((text ?? '').length);
      for (const text of await of({ type: 'bytes' })) fits(((text ?? '').length - 2) / 2);
      for (const text of await of({ type: 'array', items: ['null', 'string'] })) fits(elements(text ?? '').length);
      for (const text of await of({ type: 'map', values: 'int' }, { keys: { regex: '[a-z]["\\\\x]?' } })) {
        const parts = elements(text ?? '');
        fits(parts.length / 2);
        assert.equal(new Set(parts.filter((_, at) => at % 2 === 0)).size, parts.length / 2);
      }
    }),
    runs,
  );
});

test('options of every type, given or in files, and no others', async () => {
  assert.deepEqual(await drawn(pick('int', [3, 1])), ['1', '3']);
  assert.deepEqual(await drawn(pick('double', [1, 2.5])), ['1', '2.5']);
  assert.deepEqual(await drawn(pick('bytes', ['ab'])), [String.raw`\x6162`]);
  assert.deepEqual(await drawn(pick('enum', ['B'], { name: 'e', symbols: ['A', 'B'] })), ['B']);
  assert.deepEqual(await drawn(pick('fixed', ['ab'], { name: 'f', size: 2 })), [String.raw`\x6162`]);
  assert.deepEqual(await drawn(pick('array', [['a"b', 'c']], { items: 'string' })), [String.raw`{"a\"b","c"}`]);
  assert.deepEqual(await drawn(pick('map', [{ k: 1 }, {}], { values: 'int' })), ['{"k","1"}', '{}']);
  assert.deepEqual(await drawn(pick(['null', 'string'], [null, 'x'])), ['null', 'x']);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-options-'));
  try {
    writeFileSync(join(folder, 'o.json'), '["p","q"]');
    assert.deepEqual(await drawn(pick('string', { file: join(folder, 'o.json'), encoding: 'json' })), ['p', 'q']);
    const written = avsc.Type.forSchema({ type: 'array', items: 'long' }).toBuffer([5, -700_000_000_000]);
    writeFileSync(join(folder, 'o.avro'), written);
    assert.deepEqual(await drawn(pick('long', { file: join(folder, 'o.avro'), encoding: 'binary' })), ['-700000000000', '5']);
    await assert.rejects(
      drawn(pick('string', { file: join(folder, 'no.json'), encoding: 'json' })),
      /options file ".*no\.json" of field "a" cannot be read/,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('kinds of text', async () => {
  for (const text of await kind('uuid')) assert.match(text ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  for (const text of await kind('email')) assert.match(text ?? '', /^[a-z.]+\d{0,3}@example\.com$/);
  for (const text of await kind('name')) assert.match(text ?? '', /^\S+ \S+$/);
});

test('what cannot be met is refused with the place and the reason', async () => {
  await refused(arg('int', { range: { min: 5, max: 5 } }), /nothing from 5 up to and without 5/);
  await refused(arg('int', { range: { min: 0, max: 3_000_000_000 } }), /leaves the limits of int/);
  await refused(arg('double', { range: { min: 2, max: 1 } }), /cannot be met/);
  await refused(arg('string', { length: { min: 4, max: 4 } }), /"length" cannot be met/);
  await refused(arg('string', { regex: '[a' }), /a character class does not end/);
  await refused(arg('string', { regex: '(?=x)' }), /look-around/);
  await refused(arg('string', { regex: 'a{5,2}' }), /from 5 to 2 cannot be met/);
  await refused(arg('string', { regex: '((a{9999}){9999})' }), /more than 100000 characters/);
  await refused(arg('int', { iteration: { start: 1, step: 0 } }), /must not be 0/);
  await refused(arg('int', { iteration: { start: 1, restart: 1 } }), /must differ/);
  await refused(arg('int', { iteration: { start: 1, restart: 5, step: -1 } }), /leads away/);
  await refused(arg('int', { options: ['x'] }), /option "x" is not a value of type int/);
  await refused(arg('int', { options: [] }), /empty/);
  await refused(arg('int', { options: [1], range: { min: 1 } }), /both "options" and "range"/);
  await refused(arg('int', { otpions: [1] }), /"otpions"; known are options, /);
  await refused(arg('int', { regex: 'x' }), /"regex", which does not apply/);
  await refused(['null', 'int', 'string'], /unions/);
  await refused({ type: 'array', items: { type: 'array', items: 'int' } }, /arrays directly inside arrays/);
  await refused({ type: ['null', 'int'], 'arg.properties': { distribution: { 0: 0.5 } } }, /come to 0.5 instead of 1/);
  await refused({ type: 'recrod' }, /"recrod" is no type/);
});
