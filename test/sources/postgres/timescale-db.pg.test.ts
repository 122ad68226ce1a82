import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Logger } from '../../../src/base/log.ts';
import { Config } from '../../../src/connect/config.ts';
import { withDefaults } from '../../../src/connect/plugin.ts';
import type { Transform } from '../../../src/connect/transform.ts';
import { timescaleDbPlugin } from '../../../src/sources/postgres/timescale-db.ts';
import { buildSource } from '../../../src/sources/postgres/envelope.ts';
import { Op, opCodes } from '../../../src/record/change.ts';
import type { Node, Shape } from '../../../src/record/shape.ts';
import { createDatabase, type Database } from '../../support/database.ts';
import { databaseKeys } from '../../support/database-keys.ts';
import { timescaleCatalog } from '../../support/timescale-catalog.ts';
import { testSettings } from './test-settings.ts';

const internal = '_timescaledb_internal';

function transformOf(database: Database, options: Readonly<Record<string, string>> = {}, warnings: unknown[] = []): Transform {
  const config = withDefaults(Config.of({ ...databaseKeys(database), ...options }), timescaleDbPlugin.configKeys);
  return timescaleDbPlugin.create(config, { warn: (fields: unknown) => warnings.push(fields) } as unknown as Logger);
}

function shapeOf(schema: string, table: string, name = `db.${schema}.${table}.Envelope`): Shape {
  const source = buildSource(testSettings(), schema, table);
  const fields = [{ name: 'source', node: source }];
  const value: Node = {
    kind: 'struct',
    schema: { type: 'struct', optional: false, name, fields: [{ name: 'source', schema: source.schema }] },
    fields,
    presence: null,
  };
  return {
    topic: `db.${schema}.${table}`,
    key: null,
    value,
    headers: [],
    schema: { id: 1, name: table, columns: [], key: new Uint16Array() },
  };
}

async function planned(transform: Transform, shape: Shape, op: Op = Op.CREATE): Promise<unknown> {
  await transform.prepare?.(shape);
  const plan = transform.plan(shape, op);
  if (plan?.shape === shape) return 'as it is';
  const { topic, value, headers } = plan?.shape ?? shape;
  const source = value.kind === 'struct' ? value.fields[0]?.node : null;
  const named = source?.kind === 'struct' ? source.fields.filter(({ name }) => name === 'schema' || name === 'table') : [];
  return {
    topic,
    source: named.map(({ node }) => (node.kind === 'constant' ? node.value : null)),
    headers: Object.fromEntries(headers.map(({ name, node }) => [name, node.kind === 'constant' ? node.value : null])),
  };
}

const ofHypertable = {
  topic: 'timescaledb.public.conditions',
  source: ['public', 'conditions'],
  headers: { __debezium_timescaledb_chunk_table: '_hyper_1_1_chunk', __debezium_timescaledb_chunk_schema: internal },
};

test('rows of chunks go to their hypertable or aggregate, under headers that tell the chunk', async () => {
  await using database = await createDatabase();
  for (const statement of timescaleCatalog) await database.query(statement);
  const transform = transformOf(database);
  for (const op of [Op.CREATE, Op.READ, Op.DELETE, Op.TRUNCATE]) {
    assert.deepEqual(await planned(transform, shapeOf(internal, '_hyper_1_1_chunk'), op), ofHypertable, opCodes[op]);
  }
  assert.deepEqual(await planned(transform, shapeOf(internal, '_hyper_2_2_chunk')), {
    topic: 'timescaledb.public.conditions_summary',
    source: ['public', 'conditions_summary'],
    headers: {
      __debezium_timescaledb_chunk_table: '_hyper_2_2_chunk',
      __debezium_timescaledb_chunk_schema: internal,
      __debezium_timescaledb_hypertable_table: '_materialized_hypertable_2',
      __debezium_timescaledb_hypertable_schema: internal,
    },
  });
  // As in Debezium a tombstone is no envelope, and keeps its topic.
  const topic = `db.${internal}._hyper_1_1_chunk`;
  assert.deepEqual(await planned(transform, shapeOf(internal, '_hyper_1_1_chunk'), Op.TOMBSTONE), {
    ...ofHypertable,
    topic,
    source: [internal, '_hyper_1_1_chunk'],
  });
  assert.equal(await planned(transform, shapeOf('public', '_hyper_1_1_chunk')), 'as it is');
  assert.equal(await planned(transform, shapeOf(internal, '_hyper_1_1_chunk', 'flat.Value')), 'as it is');
});

test('a chunk that comes later is found, one that nobody knows is told of, and schemas and prefix can be chosen', async () => {
  await using database = await createDatabase();
  for (const statement of timescaleCatalog) await database.query(statement);
  const warnings: unknown[] = [];
  const transform = transformOf(database, { 'schema.list': `${internal}, chunks`, 'target.topic.prefix': 'ts' }, warnings);
  const later = { schema: 'chunks', table: '_hyper_1_3_chunk' };
  const shape = shapeOf(later.schema, later.table);
  assert.deepEqual([await planned(transform, shape), warnings], ['as it is', [later]]);
  await database.query(`INSERT INTO _timescaledb_catalog.chunk VALUES (3, 1, 'chunks', '_hyper_1_3_chunk')`);
  const both = await Promise.all([planned(transform, shape), planned(transform, shapeOf(internal, '_hyper_1_1_chunk'))]);
  assert.deepEqual(
    both.map((each) => (each as { topic: string }).topic),
    ['ts.public.conditions', 'ts.public.conditions'],
  );
  // What is known is not read again.
  await database.query('DROP SCHEMA _timescaledb_catalog CASCADE');
  assert.deepEqual(await planned(transform, shapeOf(internal, '_hyper_1_1_chunk')), { ...ofHypertable, topic: 'ts.public.conditions' });
  await assert.rejects(planned(transform, shapeOf(internal, 'other')), { message: /reading the catalog of TimescaleDB/ });
});
