import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createDatabase } from '../../support/database.ts';
import { servers } from './servers.ts';
import { startSource, untilStreaming } from './source-fixture.ts';

const row = {
  id: '1',
  c: 'CiText',
  l: 'Top.Science',
  h: '"a"=>"b"',
  i: '978-0-393-04002-9',
  ca: '{A,b}',
  amount: '1.50',
  code: 'abc',
  feel: 'ok',
  sibling: 'red',
};
const literals = Object.values(row).map((text) => `'${text}'`);

for (const [version, server] of servers) {
  test(`Postgres ${version}: types of extensions in a schema of their own, domains over domains, namesakes: alike in snapshot and stream`, async () => {
    await using db = await createDatabase(server);
    await db.query(`CREATE SCHEMA ext; CREATE SCHEMA other; CREATE EXTENSION citext SCHEMA ext; CREATE EXTENSION ltree SCHEMA ext; CREATE EXTENSION hstore SCHEMA ext;
      CREATE EXTENSION isn SCHEMA ext; CREATE TYPE ext.mood AS ENUM ('sad', 'ok'); CREATE TYPE other.mood AS ENUM ('red');
      CREATE DOMAIN ext.price AS numeric(8,2); CREATE DOMAIN other.price AS ext.price CHECK (VALUE > 0);
      CREATE DOMAIN ext.code AS varchar(5); CREATE DOMAIN other.code AS ext.code; CREATE DOMAIN ext.feeling AS ext.mood; CREATE DOMAIN other.feeling AS ext.feeling NOT NULL;
      CREATE TABLE t (id int PRIMARY KEY, c ext.citext, l ext.ltree, h ext.hstore, i ext.isbn13, ca ext.citext[], amount other.price, code other.code,
        feel other.feeling, sibling other.mood);
      INSERT INTO t VALUES (${literals.join(', ')})`);
    await using running = startSource(db, { extra: { 'snapshot.mode': 'initial', 'column.propagate.source.type': 'public\\.t\\.code' } });
    await running.out.untilChanges(1);
    await untilStreaming(db, running);
    await db.query(`INSERT INTO t VALUES ('2', ${literals.slice(1).join(', ')})`);
    const changes = await running.out.untilChanges(2);
    assert.deepEqual(
      changes.map(({ op, after }) => [op, after]),
      [
        ['r', row],
        ['c', { ...row, id: '2' }],
      ],
    );
    for (const change of changes) {
      const shape = running.out.shapes.find(({ schema }) => schema.id === change.schemaId);
      const fields = shape?.value.schema.fields?.find(({ name }) => name === 'after')?.schema.fields ?? [];
      const of = (name: string): unknown[] => {
        const schema = fields.find((field) => field.name === name)?.schema;
        return [schema?.type, schema?.name, schema?.optional, schema?.parameters];
      };
      assert.deepEqual(of('amount'), [
        'bytes',
        'org.apache.kafka.connect.data.Decimal',
        true,
        { scale: '2', 'connect.decimal.precision': '8' },
      ]);
      assert.deepEqual(of('feel'), ['string', 'io.debezium.data.Enum', false, { allowed: 'sad,ok' }]);
      assert.deepEqual(of('sibling'), ['string', 'io.debezium.data.Enum', true, { allowed: 'red' }]);
      assert.deepEqual(of('l').slice(0, 2), ['string', 'io.debezium.data.Ltree']);
      assert.deepEqual(of('h').slice(0, 2), ['string', 'io.debezium.data.Json']);
      for (const name of ['c', 'i']) assert.deepEqual(of(name), ['string', undefined, true, undefined], name);
      assert.deepEqual(of('code').slice(0, 1), ['string']);
      assert.equal((of('code')[3] as Record<string, string>)['__debezium.source.column.length'], '5');
    }
  });
}
