import assert from 'node:assert/strict';
import { test } from 'node:test';

import { javaPattern } from '../../src/base/java-pattern.ts';
import { javaRegex } from '../../src/base/java-regex.ts';
import { accepts, compileNameList } from '../../src/sources/postgres/name-list.ts';

/** By pattern: what java.util.regex.Pattern (21) matches as a whole, and what it does not. */
const cases: readonly (readonly [pattern: string, matching: readonly string[], others: readonly string[]])[] = [
  [String.raw`\Qshop.a+b\E\..*`, ['shop.a+b.t', 'shop.a+b.'], ['shop.aab.t', 'Qshop.a+bE.t']],
  [String.raw`\Qa.b`, ['a.b'], ['aXb']],
  [String.raw`shop\_a\-b\"\:\ \#\'`, [`shop_a-b": #'`], ['shop', String.raw`shop\_a`]],
  [String.raw`[\_\-\.a]+\.[a\-c]`, ['_-.a.a', 'a.-'], ['b.a', 'a.b']],
  ['a]b}c', ['a]b}c'], ['abc']],
  ['a{2}b{1,}c{0,2}', ['aab', 'aabbcc'], ['ab', 'aabccc']],
  [String.raw`\Ashop\z`, ['shop'], ['shops', 'Ashopz']],
  [String.raw`\p{Alpha}+_\p{Digit}{2}`, ['ab_12'], ['é_12', 'a1_12']],
  [String.raw`[\p{Alnum}_]+`, ['a_1'], ['ä', '-']],
  [String.raw`\P{Punct}+\p{Punct}`, ['ab!', 'ab`', 'ab\\', 'ab^'], ['a!b', 'ab1']],
  [String.raw`\p{Lu}\p{L}+`, ['Äpfel'], ['äpfel']],
  [String.raw`\pL+\PL`, ['äb1'], ['1']],
  [String.raw`\p{IsGreek}+\p{IsAlphabetic}`, ['αβc'], ['ab']],
  [String.raw`\p{IsLu}[\p{XDigit}]`, ['AF'], ['aF', 'AG']],
  [String.raw`(?<x>a|b)\k<x>(c)\2`, ['aacc', 'bbcc'], ['abcc']],
  [String.raw`\x41\u0042\x{1F600}?.`, ['AB😀', 'ABc'], ['A', 'AB']],
  [String.raw`(?!tmp_)(?:shop|(?i:crm))\..+(?<!_old)`, ['shop.a', 'CRM.a'], ['SHOP.a', 'shop.a_old']],
  [String.raw`\$\{x\}\(\)\*\?`, ['${x}()*?'], ['x']],
];

test('a regular expression of Java matches what it matches there', () => {
  for (const [pattern, matching, others] of cases) {
    const compiled = javaRegex(pattern, 'x');
    for (const text of matching) assert.ok(compiled.matches(text), `${pattern} matches ${text}`);
    for (const text of others) assert.ok(!compiled.matches(text), `${pattern} does not match ${text}`);
  }
});

test('what has no counterpart is refused, not misread', () => {
  const foreign = [
    String.raw`\R`,
    String.raw`\h+`,
    String.raw`a\Z`,
    String.raw`\G`,
    String.raw`\N{X}`,
    '\\',
    '[a-z&&[^b]]',
    '[a[bc]]',
    'a++',
    '(?>a)',
    '(?x)a',
    'a(?i)b',
    '{',
  ];
  for (const pattern of foreign) assert.throws(() => javaRegex(pattern, 'regex'), /Invalid value .* for configuration regex: /s, pattern);
  assert.throws(() => javaPattern(String.raw`\R`), /"\\R" has no counterpart/);
});

test('lists of names take them, too, whatever the letter case', () => {
  const list = compileNameList([String.raw`\Qpublic\E\.a\_.*`, String.raw`(?i)shop\.x`], []);
  for (const name of ['public.a_b', 'PUBLIC.A_B', 'Shop.X']) assert.ok(accepts(list, name), name);
  for (const name of ['public.b', 'shop.xy']) assert.ok(!accepts(list, name), name);
});
