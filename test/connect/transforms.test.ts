import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Op, TupleRef } from '../../src/record/change.ts';
import { ColumnKind } from '../../src/record/column-kind.ts';
import { nextRowSchemaId } from '../../src/record/row-schema.ts';
import type { RowSchema } from '../../src/record/row-schema.ts';
import type { Schema, SchemaType } from '../../src/record/schema.ts';
import type { ConstantNode, HeaderNode, Node, Shape, StructNode } from '../../src/record/shape.ts';
import { Config } from '../../src/connect/config.ts';
import { createTransforms, predicatePlugins, transformPlugins } from '../../src/connect/transforms/catalog.ts';
import { fieldPath } from '../../src/connect/transforms/extract-field.ts';
import { javaReplacement } from '../../src/base/java-regex.ts';

const kafka = 'org.apache.kafka.connect.transforms';
const rowSchema: RowSchema = {
  id: nextRowSchemaId(),
  name: 'shop.public.orders',
  columns: [
    { name: 'id', kind: ColumnKind.INT, schema: { type: 'int32', optional: false }, scale: -1 },
    { name: 'name', kind: ColumnKind.STRING, schema: { type: 'string', optional: true }, scale: -1 },
    { name: 'paid', kind: ColumnKind.BOOLEAN, schema: { type: 'boolean', optional: true }, scale: -1 },
  ],
  key: Uint16Array.of(0),
};

function struct(name: string, fields: readonly (readonly [string, Node])[], presence: TupleRef | null = null): StructNode {
  const schema: Schema = {
    type: 'struct',
    optional: presence !== null,
    name,
    fields: fields.map(([field, node]) => ({ name: field, schema: node.schema })),
  };
  return { kind: 'struct', schema, fields: fields.map(([field, node]) => ({ name: field, node })), presence };
}

function rowStruct(name: string, tuple: TupleRef, presence: TupleRef | null = null): StructNode {
  return struct(
    name,
    rowSchema.columns.map((column, at) => [column.name, { kind: 'column', schema: column.schema, tuple, column: at }] as const),
    presence,
  );
}

const register = (at: number, type: SchemaType = 'int64'): Node => ({
  kind: 'register',
  schema: { type, optional: false, default: 0 },
  register: at,
  holds: type === 'string' ? 'text' : 'int64',
});
const key = struct('shop.public.orders.Key', [
  ['id', { kind: 'column', schema: { type: 'int32', optional: false }, tuple: TupleRef.ROW, column: 0 }],
]);
const flat: Shape = {
  topic: 'shop.public.orders',
  key,
  value: rowStruct('shop.public.orders.Value', TupleRef.ROW),
  headers: [],
  schema: rowSchema,
};
const absent: ConstantNode = {
  kind: 'constant',
  schema: { type: 'struct', optional: true, name: 'event.block', fields: [{ name: 'id', schema: { type: 'string', optional: false } }] },
  value: null,
};
const envelope: Shape = {
  ...flat,
  value: struct('shop.public.orders.Envelope', [
    ['before', rowStruct('shop.public.orders.Value', TupleRef.BEFORE, TupleRef.BEFORE)],
    ['after', rowStruct('shop.public.orders.Value', TupleRef.AFTER, TupleRef.AFTER)],
    [
      'source',
      struct('Source', [
        ['lsn', register(0)],
        ['table', register(1, 'string')],
        ['ts_ms', register(2)],
      ]),
    ],
    ['transaction', absent],
    ['op', { kind: 'op', schema: { type: 'string', optional: false } }],
    ['ts_ms', register(3)],
  ]),
};

/** `A` is the alias; options are given without their prefix. */
function chain(type: string, options: Record<string, string> = {}, rest: Record<string, string> = {}) {
  const entries = Object.entries(options).map(([name, value]) => [`transforms.A.${name}`, value] as const);
  return createTransforms(Config.of({ transforms: 'A', 'transforms.A.type': type, ...Object.fromEntries(entries), ...rest }));
}

function apply(shape: Shape, op: Op, type: string, options: Record<string, string> = {}, rest: Record<string, string> = {}) {
  return chain(type, options, rest)[0]!.plan(shape, op);
}

/** A node as text: `{id:int32=ROW.0,…}`; `?` marks the optional ones. */
function show(node: Node | null | undefined): string {
  if (node === null || node === undefined) return 'null';
  const type = `${node.schema.type}${node.schema.optional ? '?' : ''}`;
  switch (node.kind) {
    case 'struct':
      // The schema's fields always say the same as the node's.
      assert.deepEqual(
        node.schema.fields,
        node.fields.map((field) => ({ name: field.name, schema: field.node.schema })),
      );
      return `${node.schema.name ?? ''}{${node.fields.map((field) => `${field.name}:${show(field.node)}`).join(',')}}`;
    case 'column':
      return `${type}=${Object.keys(TupleRef)[node.tuple]}.${node.column}`;
    case 'register':
      return `${type}=register${node.register}`;
    case 'encoded':
      return `${type}=encoded`;
    case 'constant':
      return `${type}=${String(node.value)}`;
    case 'op':
      return `${type}=op`;
  }
}

const valueOf = (type: string, options: Record<string, string>, shape = flat) => show(apply(shape, Op.CREATE, type, options)?.shape.value);

/** The constant that a field of such a type becomes. */
function mask(schema: Partial<Schema> & Pick<Schema, 'type'>, replacement?: string): unknown {
  const node: Node = { kind: 'constant', schema: { optional: false, ...schema }, value: null };
  const config = { fields: 'x', ...(replacement === undefined ? {} : { replacement }) };
  const masked = apply({ ...flat, value: struct('V', [['x', node]]) }, Op.CREATE, `${kafka}.MaskField$Value`, config)?.shape.value;
  return masked?.kind === 'struct' && masked.fields[0]?.node.kind === 'constant' ? masked.fields[0].node.value : undefined;
}

describe('transforms of fields', () => {
  it('ReplaceField', () => {
    const type = `${kafka}.ReplaceField$Value`;
    assert.equal(valueOf(type, { exclude: 'name' }), 'shop.public.orders.Value{id:int32=ROW.0,paid:boolean?=ROW.2}');
    assert.equal(valueOf(type, { include: 'name, id', exclude: 'name' }), 'shop.public.orders.Value{id:int32=ROW.0}');
    assert.equal(
      valueOf(type, { renames: 'id:number,name:label', include: 'id,name' }),
      'shop.public.orders.Value{number:int32=ROW.0,label:string?=ROW.1}',
    );
    assert.throws(() => chain(type, { renames: 'id' }), /Invalid rename mapping: id/);
    assert.equal(
      show(apply(flat, Op.CREATE, `${kafka}.ReplaceField$Key`, { renames: 'id:k' })?.shape.key),
      'shop.public.orders.Key{k:int32=ROW.0}',
    );
    assert.equal(apply({ ...flat, key: null }, Op.CREATE, `${kafka}.ReplaceField$Key`, { renames: 'id:k' })?.shape.key, null);
  });

  it('ExtractField, with V1 names and V2 paths', () => {
    assert.equal(show(apply(flat, Op.CREATE, `${kafka}.ExtractField$Key`, { field: 'id' })?.shape.key), 'int32=ROW.0');
    assert.equal(
      valueOf(`${kafka}.ExtractField$Value`, { field: 'source.lsn', 'field.syntax.version': 'V2' }, envelope),
      'int64=register0',
    );
    assert.throws(() => valueOf(`${kafka}.ExtractField$Value`, { field: 'source.lsn' }, envelope), /Unknown field: source\.lsn/);
    assert.deepEqual(fieldPath('a.`b.c`.d'), ['a', 'b.c', 'd']);
    assert.deepEqual(fieldPath('`a``b`'), ['a`b']);
    assert.throws(() => fieldPath('`a'), /back-tick/);
  });

  it('HoistField, SetSchemaMetadata, ValueToKey', () => {
    assert.equal(
      show(apply(flat, Op.CREATE, `${kafka}.HoistField$Key`, { field: 'k' })?.shape.key),
      '{k:shop.public.orders.Key{id:int32=ROW.0}}',
    );
    const renamed = apply(flat, Op.CREATE, `${kafka}.SetSchemaMetadata$Value`, { 'schema.name': 'Order', 'schema.version': '3' })?.shape
      .value.schema;
    assert.deepEqual([renamed?.name, renamed?.version], ['Order', 3]);
    assert.throws(() => chain(`${kafka}.SetSchemaMetadata$Value`), /Neither schema name nor version/);
    const keyed = apply({ ...flat, value: rowStruct('V', TupleRef.AFTER) }, Op.DELETE, `${kafka}.ValueToKey`, { fields: 'name,id' });
    assert.equal(show(keyed?.shape.key), '{name:string?=ROW.1,id:int32=ROW.0}');
    assert.throws(() => apply(flat, Op.CREATE, `${kafka}.ValueToKey`, { fields: 'nope' }), /Field does not exist: nope/);
  });

  it('InsertField', () => {
    const type = `${kafka}.InsertField$Value`;
    assert.match(
      valueOf(type, { 'static.field': 'site!', 'static.value': 'north', 'topic.field': 'topic' }),
      /topic:string\?=shop\.public\.orders,site:string=north\}$/,
    );
    assert.throws(() => chain(type), /No field insertion configured/);
    assert.throws(() => chain(type, { 'static.field': 'x' }), /without static value/);
    assert.throws(() => chain(type, { 'offset.field': 'x' }), /cannot insert "offset\.field"/);
  });

  it('MaskField', () => {
    const type = `${kafka}.MaskField$Value`;
    assert.equal(valueOf(type, { fields: 'id,name,paid' }), 'shop.public.orders.Value{id:int32=0,name:string?=,paid:boolean?=false}');
    assert.match(valueOf(type, { fields: 'name', replacement: '***' }), /name:string\?=\*\*\*/);
    assert.match(valueOf(type, { fields: 'id', replacement: '7' }), /id:int32=7/);
    assert.throws(() => valueOf(type, { fields: 'id', replacement: 'x' }), /Unable to convert x to the int32 of field "id"/);
    assert.throws(() => valueOf(type, { fields: 'paid', replacement: 'x' }), /Cannot mask value of type boolean/);
    assert.throws(() => chain(type, { fields: '' }), /Empty list/);
    assert.throws(() => chain(type, { fields: 'id', replacement: '' }), /String must be non-empty/);
  });

  it('MaskField: zeros of every type, and replacements that it can hold', () => {
    const decimal = { type: 'bytes', name: 'org.apache.kafka.connect.data.Decimal', parameters: { scale: '2' } } as const;
    assert.deepEqual([mask({ type: 'int64' }), mask({ type: 'float32' }), mask({ type: 'bytes' })], [0n, 0, new Uint8Array(0)]);
    assert.deepEqual(mask(decimal), Uint8Array.of(0));
    assert.equal(mask({ type: 'struct', fields: [], optional: true }), null);
    assert.throws(() => mask({ type: 'struct', fields: [] }), /required struct, which MaskField cannot mask/);
    assert.deepEqual([mask({ type: 'int8' }, '-128'), mask({ type: 'int64' }, '9223372036854775807')], [-128, 2n ** 63n - 1n]);
    assert.equal(mask({ type: 'float64' }, '-1.5e3'), -1500);
    assert.equal(mask({ type: 'int32' }, '1.5'), 1);
    for (const [type, replacement] of [
      ['int8', '128'],
      ['int64', '9223372036854775808'],
      ['int32', '1e3'],
      ['float32', 'x'],
    ] as const) {
      assert.throws(() => mask({ type }, replacement), new RegExp(`Unable to convert ${replacement} to the ${type}`));
    }
  });

  it('Cast: as far as the converters read one type as another', () => {
    const type = `${kafka}.Cast$Value`;
    assert.match(valueOf(type, { spec: 'id:int64' }), /id:int64=ROW\.0/);
    assert.match(valueOf(type, { spec: 'id:string' }), /id:string=ROW\.0/);
    assert.equal(
      show(apply({ ...flat, key: key.fields[0]!.node }, Op.CREATE, `${kafka}.Cast$Key`, { spec: 'string' })?.shape.key),
      'string=ROW.0',
    );
    assert.match(valueOf(type, { spec: 'name:float64,paid:string' }), /name:float64\?=ROW\.1,paid:string\?=ROW\.2/);
    assert.match(valueOf(type, { spec: 'paid:int8' }), /paid:int8\?=DERIVED/);
    const defaulted = { ...rowSchema.columns[0]!.schema, default: 300 };
    const shape: Shape = { ...flat, value: struct('V', [['id', { kind: 'column', schema: defaulted, tuple: TupleRef.ROW, column: 0 }]]) };
    const defaults = ['string', 'int64', 'int8', 'float32'].map(
      (to) => apply(shape, Op.CREATE, type, { spec: `id:${to}` })?.shape.value.schema.fields?.[0]?.schema.default,
    );
    assert.deepEqual(defaults, ['300', 300n, undefined, 300]);
    assert.throws(() => valueOf(type, { spec: 'id:date' }), /Invalid type found in casting spec: date/);
  });
});

const under = (shape: Shape, op: Op, predicate: Record<string, string>, negate = 'false') =>
  apply(
    shape,
    op,
    `${kafka}.Filter`,
    { predicate: 'P', negate },
    { predicates: 'P', ...Object.fromEntries(Object.entries(predicate).map(([name, value]) => [`predicates.P.${name}`, value])) },
  );
const has = (name: string) => ({ type: 'HasHeaderKey', name });

describe('transforms of topic and headers', () => {
  const routed = (regex: string, replacement: string) =>
    apply(flat, Op.CREATE, `${kafka}.RegexRouter`, { regex, replacement })?.shape.topic;

  it('RegexRouter replaces as Java does', () => {
    assert.equal(routed('shop\\.([^.]+)\\.([^.]+)', '$2-$1'), 'orders-public');
    assert.equal(routed('(?<first>[^.]+)\\..*', '${first}.all'), 'shop.all');
    assert.equal(routed('shop', 'x'), 'shop.public.orders', 'only a match of the whole name counts');
    assert.equal(routed('(?i)SHOP\\.(.*)', '$1'), 'public.orders');
    assert.equal(routed('(s)hop.*', '$10\\$'), 's0$', 'one group: $10 is $1 and a zero');
    assert.throws(() => routed('shop.*', '$1'), /No group 1/);
    assert.throws(() => routed('shop.*', '${no}'), /No group with name \{no\}/);
    assert.throws(() => routed('a++', ''), /Invalid regular expression/);
    assert.equal('ab'.replace(/(a)(b)/, javaReplacement('\\\\$2')), '\\b');
  });

  const headers: HeaderNode[] = [
    { name: 'a', node: register(0), ops: null, presence: null },
    { name: 'b', node: register(1), ops: [Op.DELETE], presence: null },
    { name: 'c', node: register(2), ops: null, presence: TupleRef.RELATED },
  ];
  const headed: Shape = { ...flat, headers };

  it('DropHeaders, InsertHeader, HeaderFrom', () => {
    assert.deepEqual(
      apply(headed, Op.CREATE, `${kafka}.DropHeaders`, { headers: 'a,c' })?.shape.headers.map(({ name }) => name),
      ['b'],
    );
    const literal = (text: string) =>
      show(apply(flat, Op.CREATE, `${kafka}.InsertHeader`, { header: 'h', 'value.literal': text })?.shape.headers[0]?.node);
    assert.deepEqual(['12', '300', '"x y"', 'true', 'plain', '5000000000', '1e3', '1.5', 'null'].map(literal), [
      'int8=12',
      'int16=300',
      'string="x y"',
      'boolean=true',
      'string=plain',
      'int64=5000000000',
      'int16=1000',
      'float32=1.5',
      'string?=null',
    ]);
    const moved = apply(flat, Op.CREATE, `${kafka}.HeaderFrom$Value`, { fields: 'name', headers: 'n', operation: 'move' })?.shape;
    assert.equal(show(moved?.value), 'shop.public.orders.Value{id:int32=ROW.0,paid:boolean?=ROW.2}');
    assert.equal(show(moved?.headers[0]?.node), 'string?=ROW.1');
    assert.ok(!moved?.headers[0]?.ops?.includes(Op.TOMBSTONE));
  });

  it('predicates are settled with the shape', () => {
    const topic = { type: `${kafka}.predicates.TopicNameMatches`, pattern: 'shop\\..*' };
    assert.equal(under(flat, Op.CREATE, topic), null);
    assert.deepEqual(under(flat, Op.CREATE, topic, 'true'), { shape: flat, step: null });
    assert.deepEqual(under({ ...flat, topic: 'other' }, Op.CREATE, topic), { shape: { ...flat, topic: 'other' }, step: null });
    const tombstone = { type: 'RecordIsTombstone' };
    assert.equal(under(flat, Op.TOMBSTONE, tombstone), null);
    assert.equal(under(flat, Op.DELETE, tombstone)?.step, null);
    assert.equal(under(headed, Op.CREATE, has('a')), null);
    assert.equal(under(headed, Op.CREATE, has('b'))?.step, null);
    assert.equal(under(headed, Op.DELETE, has('b')), null);
    assert.equal(typeof under(headed, Op.CREATE, has('c'))?.step, 'function', 'only the row knows');
    assert.throws(
      () =>
        apply(
          headed,
          Op.CREATE,
          'DropHeaders',
          { headers: 'a', predicate: 'P' },
          { predicates: 'P', 'predicates.P.type': 'HasHeaderKey', 'predicates.P.name': 'c' },
        ),
      /depends on a header that only some records/,
    );
    assert.throws(() => apply(flat, Op.CREATE, `${kafka}.Filter`, { predicate: 'Q' }), /names predicate "Q"/);
  });
});

const row = (tuple: string, rest = '') =>
  `shop.public.orders.Value{id:int32=${tuple}.0,name:string?=${tuple}.1,paid:boolean?=${tuple}.2${rest}}`;
const deleted = (text: string) => `,__deleted:string?=${text}`;

describe('ExtractNewRecordState', () => {
  const type = 'io.debezium.transforms.ExtractNewRecordState';
  const outcomes = (options: Record<string, string>) =>
    [Op.CREATE, Op.DELETE, Op.TOMBSTONE, Op.TRUNCATE].map((op) => {
      const plan = apply(envelope, op, type, options);
      if (plan === null) return 'dropped';
      return op === Op.TOMBSTONE || plan.tombstone === true ? 'tombstone' : show(plan.shape.value);
    });

  it('deletes and tombstones by mode', () => {
    assert.deepEqual(outcomes({}), [row('AFTER'), 'tombstone', 'dropped', 'dropped']);
    assert.deepEqual(outcomes({ 'delete.tombstone.handling.mode': 'drop' }), [row('AFTER'), 'dropped', 'dropped', 'dropped']);
    assert.deepEqual(outcomes({ 'delete.tombstone.handling.mode': 'delete-to-tombstone' }), [
      row('AFTER'),
      'tombstone',
      'dropped',
      'dropped',
    ]);
    const rewritten = [row('AFTER', deleted('false')), row('BEFORE', deleted('true'))];
    assert.deepEqual(outcomes({ 'delete.tombstone.handling.mode': 'rewrite' }), [...rewritten, 'dropped', 'dropped']);
    assert.deepEqual(outcomes({ 'delete.tombstone.handling.mode': 'rewrite-with-tombstone' }), [...rewritten, 'tombstone', 'dropped']);
    assert.throws(() => chain(type, { 'delete.tombstone.handling.mode': 'nope' }), /must be one of/);
  });

  it('adds fields and headers under their names, without defaults, optional', () => {
    const fields = { 'add.fields': 'op,table,source.lsn,source.ts_ms:when,transaction.id,nope' };
    const plan = apply(envelope, Op.UPDATE, type, fields);
    const added =
      ',__op:string?=op,__table:string?=register1,__source_lsn:int64?=register0,__when:int64?=register2,__transaction_id:string?=null';
    assert.equal(show(plan?.shape.value), row('AFTER', added));
    const value = plan?.shape.value;
    assert.ok(value?.kind === 'struct');
    assert.equal(value.fields.at(-2)?.node.schema.default, undefined);
    assert.equal(value.schema.optional, false);
    const headers = (op: Op) =>
      apply(envelope, op, type, {
        'add.headers': 'op,ts_ms',
        'add.headers.prefix': 'x_',
        'delete.tombstone.handling.mode': 'rewrite-with-tombstone',
      })?.shape.headers.map(({ name, node }) => `${name}=${show(node)}`);
    assert.deepEqual(headers(Op.CREATE), ['x_op=string?=op', 'x_ts_ms=int64?=register3']);
    assert.deepEqual(headers(Op.TOMBSTONE), ['x_op=string=d']);
  });

  it('lets anything but an envelope pass', () => {
    assert.deepEqual(apply(flat, Op.READ, type), { shape: flat, step: null });
    assert.deepEqual(apply(flat, Op.TOMBSTONE, type), { shape: flat, step: null });
  });
});

describe('the catalogue', () => {
  it('lists every class once', () => {
    const names = [...transformPlugins, ...predicatePlugins].map(({ className }) => className);
    assert.equal(new Set(names).size, names.length);
    for (const name of ['Cast$Key', 'Cast$Value', 'DropHeaders', 'Filter', 'MaskField$Value', 'RegexRouter', 'ValueToKey']) {
      assert.ok(names.includes(`${kafka}.${name}`), name);
    }
  });

  it('names what is missing or unknown', () => {
    assert.throws(() => chain(`${kafka}.RegexRouter`, { regex: 'x' }), /Missing required configuration "transforms\.A\.replacement"/);
    assert.throws(() => chain('com.example.Nope'), /transforms\.A\.type: Class com\.example\.Nope could not be found/);
    assert.deepEqual(createTransforms(Config.of({})), []);
  });
});
