import assert from 'node:assert/strict';
import { test } from 'node:test';

import { oneVersion } from '../../../src/sources/postgres/row-versions.ts';
import { TypeCatalog, type TypeInfo } from '../../../src/sources/postgres/type-catalog.ts';
import { plainJson } from '../../support/plain-decoder.ts';
import { CellShape } from './cell-shape.ts';
import { testSettings } from './test-settings.ts';
import { decimals, times } from './type-walk.ts';

/** Array and element by the number of the type. */
const arrays: Readonly<Record<string, readonly [array: number, element: number]>> = {
  'boolean[]': [1000, 16],
  'bytea[]': [1001, 17],
  '"char"[]': [1002, 18],
  'name[]': [1003, 19],
  'smallint[]': [1005, 21],
  'integer[]': [1007, 23],
  'text[]': [1009, 25],
  'bigint[]': [1016, 20],
  'point[]': [1017, 600],
  'real[]': [1021, 700],
  'double precision[]': [1022, 701],
  'oid[]': [1028, 26],
  'macaddr[]': [1040, 829],
  'inet[]': [1041, 869],
  'timestamp[]': [1115, 1114],
  'date[]': [1182, 1082],
  'time[]': [1183, 1083],
  'timestamptz[]': [1185, 1184],
  'interval[]': [1187, 1186],
  'numeric[]': [1231, 1700],
  'timetz[]': [1270, 1266],
  'bit[]': [1561, 1560],
  'varbit[]': [1563, 1562],
  'uuid[]': [2951, 2950],
  'jsonb[]': [3807, 3802],
  'money[]': [791, 790],
};

class Arrays extends TypeCatalog {
  override has(oid: number): boolean {
    return this.get(oid) !== null;
  }

  override get(oid: number): TypeInfo | null {
    const found = Object.entries(arrays).find(([, [array]]) => array === oid);
    if (found === undefined) return null;
    const [name, [, elementOid]] = found;
    const none = { baseOid: 0, baseTypmod: -1, notNull: false, labels: [], rangeOf: 0, attributes: [] };
    return { ...none, oid, schema: 'pg_catalog', name, kind: 'base', elementOid, versions: oneVersion([]) };
  }
}

function unsent(typeOid: number, modes: Readonly<Record<string, string>> = {}): unknown {
  return plainJson(new CellShape(new Arrays(), testSettings(modes), typeOid).decoded(null));
}

test('arrays of every element type have a form for an unchanged value that was not sent, in every mode', () => {
  for (const [name, [array]] of Object.entries(arrays)) {
    for (const time of times) {
      for (const decimal of decimals) {
        for (const placeholder of ['__debezium_unavailable_value', 'hex:00ff41807f']) {
          const modes = { 'time.precision.mode': time, 'decimal.handling.mode': decimal, 'unavailable.value.placeholder': placeholder };
          const value = unsent(array, modes);
          assert.ok(Array.isArray(value) && value.length > 0, `${name} ${JSON.stringify(modes)}`);
        }
      }
    }
  }
});

function count(array: string, modes: Readonly<Record<string, string>> = {}): unknown {
  return unsent(arrays[array]?.[0] ?? 0, { 'unavailable.value.placeholder': 'no', ...modes });
}

test('elements that count, count the bytes of the placeholder', () => {
  // 110 and 111.
  assert.deepEqual(count('integer[]'), [110, 111]);
  assert.deepEqual(count('date[]'), [110, 111]);
  assert.deepEqual(count('date[]', { 'time.precision.mode': 'isostring' }), ['1970-04-21Z', '1970-04-22Z']);
  assert.deepEqual(count('time[]'), ['110000', '111000']);
  assert.deepEqual(count('timestamp[]', { 'time.precision.mode': 'connect' }), ['110', '111']);
  assert.deepEqual(count('timestamptz[]'), ['1970-01-01T00:00:00.110000Z', '1970-01-01T00:00:00.111000Z']);
  assert.deepEqual(count('interval[]'), ['110000', '111000']);
  assert.deepEqual(count('numeric[]', { 'decimal.handling.mode': 'string' }), ['110', '111']);
  assert.deepEqual(count('money[]', { 'decimal.handling.mode': 'double' }), [110, 111]);
  assert.deepEqual(count('boolean[]'), [true, true]);
});

test('bits hold the bytes of the placeholder', () => {
  assert.equal(unsent(1562, { 'unavailable.value.placeholder': 'no' }), '0x6e6f');
  assert.deepEqual(unsent(1563, { 'unavailable.value.placeholder': 'no' }), ['0x6e6f']);
});

const modifier = (precision: number, scale: number): number => ((precision << 16) | scale) + 4;

function number(mode: string, typmod = -1): unknown {
  const modes = { 'unavailable.value.placeholder': 'no!', 'decimal.handling.mode': mode };
  return plainJson(new CellShape(new Arrays(), testSettings(modes), 1700, typmod).decoded(null));
}

test('a large number has the bytes of the placeholder, as many as its precision allows', () => {
  assert.deepEqual(number('precise'), { scale: 0, value: '0x6e6f21' });
  assert.equal(number('double'), 0x6e6f21);
  assert.equal(number('string'), String(0x6e6f21));
  assert.equal(number('precise', modifier(7, 2)), '0x6e6f21');
  assert.equal(number('precise', modifier(6, 2)), '0x6e6f');
  assert.equal(number('precise', modifier(3, 3)), '0x6e');
  assert.equal(number('string', modifier(7, 2)), '72374.09');
});
