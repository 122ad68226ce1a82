import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { TableInfo } from '../../../src/sources/postgres/catalog.ts';
import { snapshotOrder } from '../../../src/sources/postgres/snapshot-query.ts';
import { TypeCatalog, type TypeInfo } from '../../../src/sources/postgres/type-catalog.ts';

/** Oids of types, also of domains, by the oid below them. */
const [int8, text, varchar, numeric, uuid] = [20, 25, 1043, 1700, 2950] as const;
const domains: Readonly<Record<number, number>> = { 90_001: int8, 90_002: 90_001, 90_003: text };

/** How a key of such columns is read: `expression type comparison`. */
function order(key: Readonly<Record<string, number>>, { nullable = '', unpublished = '' } = {}): string[] {
  const columns = Object.entries(key).map(([name, typeOid], index) => ({
    name,
    number: index + 1,
    typeOid,
    typmod: -1,
    notNull: name !== nullable,
    defaultExpression: null,
    generated: '' as const,
    identity: false,
  }));
  const info: TableInfo = {
    oid: 7,
    schema: 'public',
    name: 'orders',
    kind: 'r',
    logged: true,
    isPartition: false,
    columns,
    primaryKey: Object.keys(key),
    replicaIdentity: 'd',
    identityIndexColumns: [],
  };
  const types = new TypeCatalog();
  types.get = (oid) => (domains[oid] === undefined ? null : ({ oid, kind: 'domain', baseOid: domains[oid] } as TypeInfo));
  const wire = columns.filter(({ name }) => name !== unpublished).map(({ name, typeOid }) => ({ name, typeOid, typmod: -1, isKey: true }));
  return snapshotOrder(info, wire, types).map(({ expression, type, compare }) => `${expression} ${type} ${compare}`);
}

test('integers and uuids are read in their own order, which an index serves; all else by the bytes of its text', () => {
  assert.deepEqual(order({ id: int8, ref: uuid }), ['"id" int8 number', '"ref" uuid bytes']);
  assert.deepEqual(order({ a: text, b: varchar }), ['"a" COLLATE "C" text bytes', '"b" COLLATE "C" text bytes']);
  assert.deepEqual(order({ n: numeric }), [`pg_catalog.format('%s', "n") COLLATE "C" text bytes`]);
});

test('a domain is read as the type below it, over any number of domains', () => {
  assert.deepEqual(order({ id: 90_001, other: 90_002 }), ['"id" int8 number', '"other" int8 number']);
  assert.deepEqual(order({ code: 90_003 }), [`pg_catalog.format('%s', "code") COLLATE "C" text bytes`]);
});

test('a key that may be null, or is not published, divides nothing: the table is read in the order on disk', () => {
  assert.deepEqual(order({ id: int8, code: text }, { nullable: 'code' }), []);
  assert.deepEqual(order({ id: int8, code: text }, { unpublished: 'id' }), []);
});
