import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import type { Column } from '../../../src/record/row-schema.ts';
import { Op } from '../../../src/record/change.ts';
import { sridOf, withSrid, withSwappedCoordinates, withoutSrid } from '../../../src/connect/transforms/well-known-binary.ts';
import type { MappedType } from '../../../src/sources/postgres/type-map.ts';
import { extensionType } from '../../../src/sources/postgres/extension-type.ts';
import type { StoredRecord } from '../../support/memory-sink.ts';
import { columnsOf, envelopeOf, optionsOf, stored, written } from './transform-run.ts';

type Golden = readonly [ewkb: string, srid: number, wkb: string, swapped: string | null];

/** What PostGIS 3.3 prints, and what the classes of Debezium 3.6.1 make of it; null: refused. */
const golden = JSON.parse(readFileSync(new URL('golden/geometries.json', import.meta.url), 'utf8')) as readonly Golden[];

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
const swap = 'io.debezium.transforms.SwapGeometryCoordinates';
const format = 'io.debezium.transforms.GeometryFormatTransformer';

function named(mapped: MappedType, name: string): Column {
  const { element, fields, ...rest } = mapped;
  const names = mapped.schema.fields?.map((field) => field.name) ?? [];
  return {
    ...rest,
    name,
    element: element && named(element, name),
    fields: fields?.map((field, at) => named(field, names[at] ?? '')),
  };
}

function geometry(name: string, array = false): Column {
  const mapped = extensionType('geometry', 1, 'text');
  assert.ok(mapped !== null);
  const column: Column = { ...named(mapped, name), unavailable: '{"\\\\x5f5f",NULL}' };
  if (!array) return column;
  const schema = { type: 'array', optional: true, items: mapped.schema } as const;
  const element: Column = { name, kind: ColumnKind.ARRAY, schema, scale: -1, element: column };
  return { name, kind: ColumnKind.REWRITTEN, schema, scale: -1, rewrite: { kind: 'delimited', by: ':' }, element };
}

const shape = () =>
  envelopeOf('shop.public.places', [...columnsOf({ id: [ColumnKind.INT, 'int32'] }), geometry('g'), geometry('list', true)]);

const [[point, , plain, swapped] = ['', 0, '', '']] = golden;
const noSrid = '010100000000000000000008400000000000001040';
const base64 = (hex: string | null): string => bytes(hex ?? '').toString('base64');
const rows = [
  { op: Op.UPDATE, before: ['1', noSrid, null], after: ['1', point.toUpperCase(), `{${point}:NULL:${noSrid}}`] },
  { op: Op.DELETE, before: ['1', null, null] },
];

async function images(config: Readonly<Record<string, string>>): Promise<unknown[]> {
  return (await written(config, shape(), rows)).map(({ value }) => {
    const { before, after } = value as { before: { g: unknown }; after: { g: unknown; list: unknown } | null };
    return [before.g, after?.g, after?.list];
  });
}

function schemaOf(records: readonly StoredRecord[] | undefined): unknown {
  return (JSON.parse(records?.[0]?.value ?? '') as { schema: unknown }).schema;
}

describe('geometries', () => {
  it('are rewritten as Debezium does', () => {
    for (const [ewkb, srid, wkb, coordinates] of golden) {
      assert.equal(sridOf(bytes(ewkb)), srid);
      assert.equal(withoutSrid(bytes(ewkb)).toString('hex'), wkb);
      assert.equal(withSrid(bytes(wkb), srid).toString('hex'), ewkb);
      if (coordinates === null) assert.throws(() => withSwappedCoordinates(bytes(ewkb)), /of type 8/);
      else assert.equal(withSwappedCoordinates(bytes(ewkb)).toString('hex'), coordinates);
    }
  });

  it('have parts in an order of bytes of their own', () => {
    const [head, one, two] = ['0107000020e6100000010000000000000001', '3ff0000000000000', '4000000000000000'];
    assert.equal(withSwappedCoordinates(bytes(head + one + two)).toString('hex'), head + two + one);
  });

  it('that end early are refused, wherever that is', () => {
    for (const [ewkb, , , coordinates] of golden) {
      if (coordinates === null) continue;
      for (let length = 0; length < ewkb.length / 2; length += 1) {
        assert.throws(() => withSwappedCoordinates(bytes(ewkb).subarray(0, length)), { code: 'data.value' });
      }
    }
  });
});

describe('SwapGeometryCoordinates', () => {
  const whole = [
    { wkb: base64(noSrid), srid: null },
    { wkb: base64(swapped), srid: 4326 },
  ];

  it('swaps in both images and in arrays, where the SRID is listed', async () => {
    const list = [{ wkb: base64(swapped), srid: 4326 }, null, { wkb: base64(noSrid), srid: null }];
    for (const options of [{}, { srids: '7, 4326' }]) {
      assert.deepEqual(await images(optionsOf(swap, options)), [
        [...whole, list],
        [null, undefined, undefined],
      ]);
    }
    const others = optionsOf(swap, { srids: '3857' });
    assert.deepEqual(await images(others), await images({}));
    await assert.rejects(images(optionsOf(swap, { srids: '4326,x' })), /Invalid value x for configuration srids/);
  });

  it('leaves the schema as it is', async () => {
    const [ours, theirs] = await Promise.all([optionsOf(swap), {}].map((config) => stored(config, shape(), rows, true)));
    assert.deepEqual(schemaOf(ours), schemaOf(theirs));
  });
});

describe('GeometryFormatTransformer', () => {
  const asIs = [{ wkb: base64(point), srid: 4326 }, null, { wkb: base64(noSrid), srid: null }];

  it('makes WKB of EWKB; the SRID stays beside it, and a geometry without one as it is', async () => {
    for (const to of ['wkb', 'ewkb']) {
      const [first] = await images(optionsOf(format, { format: to }));
      assert.deepEqual(first, [{ wkb: base64(noSrid), srid: null }, { wkb: base64(plain), srid: 4326 }, asIs]);
    }
  });

  it('makes EWKB again of what another one made WKB, and goes with swapping', async () => {
    const config = { ...optionsOf(format), transforms: 'A,B,C', 'transforms.B.type': swap, 'transforms.C.type': format };
    const [first] = (await images(config)) as unknown[][];
    assert.deepEqual(first?.[1], { wkb: base64(swapped), srid: 4326 });
    const kept = { ...config, 'transforms.C.format': 'ewkb' };
    const [second] = (await images(kept)) as unknown[][];
    assert.deepEqual(second?.[1], { wkb: base64(withoutSrid(bytes(swapped ?? '')).toString('hex')), srid: 4326 });
  });
});
