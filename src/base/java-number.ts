/**
 * Numbers as Java prints them (`Double.toString`, `Float.toString`): always a fraction, exponents from 10^7 on and
 * below 10^-3. Schema texts and plain-text records must be equal to what Java clients wrote before.
 */
export function javaDouble(value: number): string {
  return javaNotation(value, value.toExponential());
}

/** The fewest digits that give the same float again. */
export function javaFloat(value: number): string {
  const single = Math.fround(value);
  if (!Number.isFinite(single)) return javaNotation(single, '');
  for (let digits = 0; digits < 9; digits += 1) {
    const text = single.toExponential(digits);
    if (Math.fround(Number(text)) === single) return javaNotation(single, text);
  }
  return javaNotation(single, single.toExponential(9));
}

function javaNotation(value: number, exponential: string): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  if (value === 0) return `${sign}0.0`;
  const [mantissa = '', power = '0'] = exponential.replace('-', sign === '-' ? '' : '-').split('e');
  const digits = mantissa.replace('.', '').replace(/0+$/, '');
  const exponent = Number(power);
  if (exponent >= 7 || exponent < -3) return `${sign}${digits.charAt(0)}.${digits.slice(1) || '0'}E${exponent}`;
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const padded = digits.padEnd(exponent + 1, '0');
  return `${sign}${padded.slice(0, exponent + 1)}.${padded.slice(exponent + 1) || '0'}`;
}
