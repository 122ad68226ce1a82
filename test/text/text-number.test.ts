import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ColumnKind } from '../../src/record/column-kind.ts';
import { writeDecimalText } from '../../src/text/text-decimal.ts';
import { javaDouble, javaFloat } from '../../src/base/java-number.ts';
import { Int64 } from '../../src/text/value-register.ts';
import { bigEndian, plainDecimal } from '../support/cell-samples.ts';
import { propertySettings } from '../support/property.ts';
import { readCell } from '../support/read-cell.ts';

const K = ColumnKind;

/** Decimal texts of every length and exponent, near and far from what doubles hold. */
const decimalTexts = fc
  .tuple(fc.constantFrom('', '-', '+'), fc.bigInt({ min: 0n, max: 10n ** 25n }), fc.nat(25), fc.option(fc.integer({ min: -30, max: 30 })))
  .map(
    ([sign, digits, scale, exponent]) =>
      `${sign}${plainDecimal(digits >> BigInt(scale * 2), scale)}${exponent === null ? '' : `e${exponent}`}`,
  );

test('doubles are exactly what a correct parser makes of the text', () => {
  fc.assert(
    fc.property(fc.oneof(decimalTexts, fc.double({ noNaN: true, noDefaultInfinity: true }).map(String)), (text) => {
      assert.equal(Object.is(readCell(K.FLOAT64, text), Number(text)), true, text);
    }),
    propertySettings(),
  );
});

/** Exactly between the float with these bits and the next: a double. */
const midpoint = (bits: number): number => {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits);
  const low = view.getFloat32(0);
  view.setUint32(0, bits + 1);
  return (low + view.getFloat32(0)) / 2;
};

test('doubles as servers show them, with 16 to 18 digits behind a point, and those exactly between two doubles', () => {
  const shown = fc.tuple(fc.bigInt({ min: 10n ** 15n, max: 10n ** 18n - 1n }), fc.integer({ min: 1, max: 22 })).map(([value, places]) => {
    const text = String(value).padStart(places + 1, '0');
    return `${text.slice(0, -places)}.${text.slice(-places)}`;
  });
  const between = fc.bigInt({ min: 2n ** 52n, max: 2n ** 53n }).map((value) => `${value}.5`);
  fc.assert(
    fc.property(fc.oneof(shown, between), fc.constantFrom('', '-'), (text, sign) => {
      assert.ok(Object.is(readCell(K.FLOAT64, sign + text), Number(sign + text)), sign + text);
    }),
    propertySettings(),
  );
});

test('floats are rounded once, also where a double lies exactly between two of them', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0x1000_0000, max: 0x7f00_0000 }), fc.boolean(), (bits, negative) => {
      const view = new DataView(new ArrayBuffer(4));
      view.setUint32(0, bits);
      const low = view.getFloat32(0);
      view.setUint32(0, bits + 1);
      const high = view.getFloat32(0);
      const [mantissa = '', exponent = '0'] = midpoint(bits).toExponential(100).split('e');
      const sign = negative ? '-' : '';
      // A digit far behind decides, where the double nearest to the text is the midpoint itself.
      const above = `${sign}${mantissa.replace(/0+$/, '')}${'0'.repeat(100)}1e${exponent}`;
      assert.equal(readCell(K.FLOAT32, above), negative ? -high : high);
      const even = bits % 2 === 0 ? low : high;
      assert.equal(
        readCell(
          K.FLOAT32,
          `${sign}${midpoint(bits)
            .toExponential(100)
            .replace(/\.?0+e/, 'e')}`,
        ),
        negative ? -even : even,
      );
    }),
    {
      ...propertySettings(),
      examples: [
        [0x3f80_0000, false],
        [0x3f80_0001, true],
        [0x1000_0000, false],
      ],
    },
  );
});

test('decimals of any length are exact, small ones and large ones', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.nat(90), fc.nat(12), fc.nat(6), (wide, shift, scale, more) => {
      const unscaled = wide >> BigInt(shift);
      const text = plainDecimal(unscaled, scale);
      const target = scale + more;
      const hex = Buffer.from(bigEndian(unscaled * 10n ** BigInt(more))).toString('hex');
      assert.equal(readCell(K.DECIMAL, text, target), hex, text);
      assert.equal(readCell(K.DECIMAL_STRING, text, target), plainDecimal(unscaled * 10n ** BigInt(more), target));
      assert.equal(writeDecimalText(Buffer.from(hex, 'hex'), target), plainDecimal(unscaled * 10n ** BigInt(more), target));
    }),
    propertySettings(),
  );
});

test('a product of halves is exact within its bounds', () => {
  const register = new Int64();
  fc.assert(
    fc.property(
      fc.integer({ min: -(2 ** 43), max: 2 ** 43 }),
      fc.constantFrom(1000, 1_000_000, 1_000_000_000),
      fc.nat(999_999_999),
      (major, factor, minor) => {
        register.setProduct(major, factor, minor);
        assert.equal(register.toBigInt(), BigInt.asIntN(64, BigInt(major) * BigInt(factor) + BigInt(minor)));
      },
    ),
    propertySettings(),
  );
});

test('numbers in schema texts look like Java prints them', () => {
  const doubles: readonly (readonly [number, string])[] = [
    [0, '0.0'],
    [-0, '-0.0'],
    [1, '1.0'],
    [-1.5, '-1.5'],
    [100, '100.0'],
    [9_999_999, '9999999.0'],
    [1e7, '1.0E7'],
    [1.234_567_89e10, '1.23456789E10'],
    [0.001, '0.001'],
    [0.000_999, '9.99E-4'],
    [-1.5e-7, '-1.5E-7'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
  ];
  for (const [value, text] of doubles) assert.equal(javaDouble(value), text);
  assert.equal(javaFloat(3.3), '3.3');
  assert.equal(javaFloat(1.234_567_9e9), '1.234568E9');
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => assert.equal(Number(javaDouble(value)), value)),
    propertySettings(),
  );
});
