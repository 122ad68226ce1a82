import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineKeys, evaluateKeys, type RawConfig } from '../../src/connect/config-spec.ts';
import type { ConfigKey } from '../../src/connect/plugin.ts';

function key(name: string, type: ConfigKey['type'], extra: Partial<ConfigKey> = {}): ConfigKey {
  return { name, type, doc: name, default: null, ...extra };
}

function errorsOf(declared: ConfigKey, config: RawConfig, raw = config): readonly string[] {
  return evaluateKeys([declared], config, raw).infos.flatMap((info) => info.value.errors);
}

test('complaints have the words of Kafka Connect', () => {
  const cases: [ConfigKey, string, string | null][] = [
    [key('a', 'BOOLEAN'), 'yes', 'Invalid value yes for configuration a: Expected value to be either true or false'],
    [key('a', 'BOOLEAN'), ' TRUE ', null],
    [key('a', 'INT'), '1.5', 'Invalid value 1.5 for configuration a: Not a number of type INT'],
    [key('a', 'INT'), '2147483648', 'Invalid value 2147483648 for configuration a: Not a number of type INT'],
    [key('a', 'INT'), '-2147483648', null],
    [key('a', 'LONG'), '9223372036854775807', null],
    [key('a', 'LONG'), '9223372036854775808', 'Invalid value 9223372036854775808 for configuration a: Not a number of type LONG'],
    [key('a', 'SHORT'), '32768', 'Invalid value 32768 for configuration a: Not a number of type SHORT'],
    [key('a', 'DOUBLE'), 'x', 'Invalid value x for configuration a: Not a number of type DOUBLE'],
    [key('a', 'INT', { min: 1 }), '0', 'Invalid value 0 for configuration a: Value must be at least 1'],
    [key('a', 'INT', { min: 1, max: 1 }), '1', null],
    [key('a', 'INT', { max: 9 }), '10', 'Invalid value 10 for configuration a: Value must be no more than 9'],
    [key('a', 'STRING', { oneOf: ['none', 'all'] }), 'some', 'Invalid value some for configuration a: String must be one of: none, all'],
    [key('a', 'STRING', { oneOf: ['none', 'all'] }), 'ALL', null],
    [key('a', 'LIST', { oneOf: ['x', 'y'] }), 'x, z', 'Invalid value x, z for configuration a: String must be one of: x, y'],
    [key('a', 'STRING', { check: () => 'String must be non-empty' }), '', 'Invalid value  for configuration a: String must be non-empty'],
  ];
  for (const [declared, value, expected] of cases) {
    assert.deepEqual(errorsOf(declared, { a: value }), expected === null ? [] : [expected], `${declared.type} ${value}`);
  }
  assert.deepEqual(errorsOf(key('a', 'STRING', { default: undefined }), {}), [
    'Missing required configuration "a" which has no default value.',
  ]);
  assert.deepEqual(errorsOf(key('a', 'STRING'), { a: null }), ['Null value can not be supplied as the configuration value.']);
});

test('values are parsed and printed again, absent ones show their default', () => {
  const { infos, values } = evaluateKeys(
    [key('n', 'INT'), key('d', 'STRING', { default: 'x' }), key('o', 'STRING')],
    { n: ' 5' },
    { n: ' 5' },
  );
  assert.deepEqual(
    infos.map((info) => info.value.value),
    ['5', 'x', null],
  );
  assert.deepEqual(
    [...values],
    [
      ['n', '5'],
      ['d', 'x'],
      ['o', null],
    ],
  );
});

test('a password shows in no value, no default and no complaint', () => {
  const declared = key('p', 'PASSWORD', { default: 'preset', check: () => 'too short' });
  const { infos } = evaluateKeys([declared], { p: 'hunter22' }, { p: 'hunter22' });
  assert.equal(infos[0]?.value.value, '[hidden]');
  assert.deepEqual(infos[0]?.value.errors, ['Invalid value [hidden] for configuration p: too short']);
  assert.ok(!JSON.stringify([infos, defineKeys([declared])]).match(/hunter22|preset/));
});

test('what a provider supplied is shown as the reference it came from', () => {
  const resolved = { n: 'from-a-file' };
  const raw = { n: '${file:/etc/x:n}' };
  const { infos } = evaluateKeys([key('n', 'INT')], resolved, raw);
  assert.equal(infos[0]?.value.value, '${file:/etc/x:n}');
  assert.deepEqual(infos[0]?.value.errors, ['Invalid value ${file:/etc/x:n} for configuration n: Not a number of type INT']);
});

test('a family claims the keys that match its pattern, and only those', () => {
  const declared = key('mask', 'STRING', { pattern: /^column\.mask\.with\.\d+\.chars$/ });
  const { infos, known } = evaluateKeys([declared], { 'column.mask.with.3.chars': 'a', 'column.mask.with.x.chars': 'b' }, {});
  assert.deepEqual([...known], ['column.mask.with.3.chars']);
  assert.equal(infos[0]?.definition?.name, 'column.mask.with.3.chars');
});

test('definitions have every member that tools read', () => {
  assert.deepEqual(
    defineKeys([
      key('a', 'INT', { default: undefined, group: 'G', importance: 'HIGH', width: 'SHORT', displayName: 'A' }),
      key('b', 'LIST'),
    ]),
    [
      {
        name: 'a',
        type: 'INT',
        required: true,
        default_value: null,
        importance: 'HIGH',
        documentation: 'a',
        group: 'G',
        width: 'SHORT',
        display_name: 'A',
        dependents: [],
        order: 1,
      },
      {
        name: 'b',
        type: 'LIST',
        required: false,
        default_value: null,
        importance: 'MEDIUM',
        documentation: 'b',
        group: null,
        width: 'NONE',
        display_name: 'b',
        dependents: [],
        order: -1,
      },
    ],
  );
});
