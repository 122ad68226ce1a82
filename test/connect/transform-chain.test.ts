import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Op, TupleRef } from '../../src/record/change.ts';
import type { Node, Shape, StructNode } from '../../src/record/shape.ts';
import { Config } from '../../src/connect/config.ts';
import { createTransforms } from '../../src/connect/transforms/catalog.ts';
import { JsonConverter } from '../../src/json/json-converter.ts';
import { StringConverter } from '../../src/json/string-converter.ts';
import { ScriptedSource, boundary, row } from '../support/scripted-source.ts';
import type { ScriptStep } from '../support/scripted-source.ts';
import { never, stageTask } from '../support/task-stage.ts';

/** Chains from a connector's config, all the way to bytes, through a converter that reads columns by their kind. */
async function written(script: readonly ScriptStep[], config: Record<string, string>, shape: (base: Shape) => Shape = (base) => base) {
  const converter = new JsonConverter({ schemasEnable: false, decimalNumeric: false });
  const stage = stageTask(new ScriptedSource([...script, boundary], shape), {
    transforms: createTransforms(Config.of(config)),
    keyConverter: converter,
    valueConverter: converter,
    headerConverter: new StringConverter(),
  });
  await stage.task.run(never);
  return stage.memory.records.map(({ topic, key, value, headers }) => [topic, key, value, headers]);
}

function envelope(base: Shape): Shape {
  const image = (name: 'before' | 'after', tuple: TupleRef): readonly [string, Node] => {
    const value = base.value as StructNode;
    const fields = value.fields.map((field) => ({ name: field.name, node: { ...field.node, tuple } as Node }));
    return [name, { ...value, schema: { ...value.schema, optional: true }, fields, presence: tuple }];
  };
  const fields = [
    image('before', TupleRef.BEFORE),
    image('after', TupleRef.AFTER),
    ['op', { kind: 'op', schema: { type: 'string', optional: false } }] as const,
  ].map(([name, node]) => ({ name, node }));
  const schema = {
    type: 'struct',
    optional: false,
    name: 'rows.Envelope',
    fields: fields.map(({ name, node }) => ({ name, schema: node.schema })),
  } as const;
  return { ...base, value: { kind: 'struct', schema, fields, presence: null } };
}

const life = [row(1, 'new', Op.CREATE), row(1, 'old', Op.DELETE), row(1, 'old', Op.TOMBSTONE)];
const unwrap = { transforms: 'unwrap', 'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState' };

describe('a chain of transforms, in bytes', () => {
  it('without any, the envelope', async () => {
    assert.deepEqual(await written(life, {}, envelope), [
      ['rows', '{"id":"1"}', '{"before":null,"after":{"id":"1","text":"new"},"op":"c"}', {}],
      ['rows', '{"id":"1"}', '{"before":{"id":"1","text":"old"},"after":null,"op":"d"}', {}],
      ['rows', '{"id":"1"}', null, {}],
    ]);
  });

  it('unwrapped, a delete is one tombstone', async () => {
    assert.deepEqual(await written(life, { ...unwrap, 'transforms.unwrap.add.headers': 'op' }, envelope), [
      ['rows', '{"id":"1"}', '{"id":"1","text":"new"}', { __op: 'c' }],
      ['rows', '{"id":"1"}', null, { __op: 'd' }],
    ]);
  });

  it('unwrapped and rewritten, routed, keyed and cleaned', async () => {
    const config = {
      ...unwrap,
      transforms: 'unwrap, route, key, flat, number, cut',
      'transforms.unwrap.delete.tombstone.handling.mode': 'rewrite-with-tombstone',
      'transforms.unwrap.add.fields': 'op',
      'transforms.route.type': 'RegexRouter',
      'transforms.route.regex': '(.*)',
      'transforms.route.replacement': 'all-$1',
      'transforms.key.type': 'ValueToKey',
      'transforms.key.fields': 'id',
      'transforms.flat.type': 'ExtractField$Key',
      'transforms.flat.field': 'id',
      'transforms.number.type': 'Cast$Key',
      'transforms.number.spec': 'int64',
      'transforms.cut.type': 'ReplaceField$Value',
      'transforms.cut.exclude': 'id',
      'transforms.cut.renames': 'text:t',
    };
    assert.deepEqual(await written(life, config, envelope), [
      ['all-rows', '1', '{"t":"new","__deleted":"false","__op":"c"}', {}],
      ['all-rows', '1', '{"t":"old","__deleted":"true","__op":"d"}', {}],
      ['all-rows', '1', null, {}],
    ]);
  });

  it('tombstones can be filtered out, and a value be masked', async () => {
    const config = {
      transforms: 'drop,mask,stamp',
      predicates: 'dead',
      'predicates.dead.type': 'org.apache.kafka.connect.transforms.predicates.RecordIsTombstone',
      'transforms.drop.type': 'org.apache.kafka.connect.transforms.Filter',
      'transforms.drop.predicate': 'dead',
      'transforms.mask.type': 'org.apache.kafka.connect.transforms.MaskField$Value',
      'transforms.mask.fields': 'text',
      'transforms.mask.replacement': '***',
      'transforms.stamp.type': 'org.apache.kafka.connect.transforms.InsertField$Value',
      'transforms.stamp.static.field': 'site',
      'transforms.stamp.static.value': 'north',
    };
    assert.deepEqual(await written(life, config), [
      ['rows', '{"id":"1"}', '{"id":"1","text":"***","site":"north"}', {}],
      ['rows', '{"id":"1"}', '{"id":"1","text":"***","site":"north"}', {}],
    ]);
  });

  it('a cast that a value does not fit is a data error of that row', async () => {
    const config = { transforms: 'n', 'transforms.n.type': 'Cast$Value', 'transforms.n.spec': 'text:int8' };
    assert.deepEqual(await written([row(1, '127')], config), [['rows', '{"id":"1"}', '{"id":"1","text":127}', {}]]);
    await assert.rejects(written([row(1, '128')], config), /in VALUE_CONVERTER/);
  });

  it('what cannot take a message fails with the first one, not with the table', async () => {
    const config = { ...unwrap, transforms: 'unwrap,key', 'transforms.key.type': 'ValueToKey', 'transforms.key.fields': 'id' };
    const message = row(2, 'x', Op.MESSAGE);
    assert.equal((await written(life, config, envelope)).length, 2);
    await assert.rejects(written([...life, message], config, envelope), /in TRANSFORMATION/);
    await assert.rejects(written(life, { ...config, 'transforms.key.fields': 'nope' }, envelope), /Field does not exist: nope/);
  });
});
