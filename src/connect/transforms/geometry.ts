import { ColumnKind } from '../../record/column-kind.ts';
import type { Column } from '../../record/row-schema.ts';
import type { ColumnNode, Node } from '../../record/shape.ts';
import type { ConfigKey, TransformPlugin } from '../plugin.ts';
import type { Transform } from '../transform.ts';
import { invalid, listKey, withFields } from './part.ts';
import { RowCells } from './row-cells.ts';
import { rowReader } from './row-value.ts';
import { isExtended, sridOf, withSrid, withSwappedCoordinates, withoutSrid } from './well-known-binary.ts';

const geometryName = 'io.debezium.data.geometry.Geometry';

/** Other bytes for a geometry of this SRID; the SRID beside them stays. Asked for every geometry of the value's structs that has one. */
type Rewrite = (wkb: Buffer, srid: number) => Buffer;

const formatKey: ConfigKey = {
  name: 'format',
  type: 'STRING',
  default: 'wkb',
  importance: 'LOW',
  oneOf: ['wkb', 'ewkb'],
  doc: 'EWKB becomes WKB under both; under wkb, WKB beside an SRID becomes EWKB, as in Debezium.',
};

/** EWKB, which is what PostGIS has where there is an SRID, becomes WKB; a geometry without SRID stays. */
const formatPlugin = geometryPlugin('GeometryFormatTransformer', [formatKey], false, (config) => {
  const isWkb = config.choice('format') === 'wkb';
  return (wkb, srid) => {
    if (isExtended(wkb)) return withoutSrid(wkb);
    return isWkb ? withSrid(wkb, srid) : wkb;
  };
});

const sridsKey = listKey('srids', 'Geometries of these SRIDs.', '4326,3857,4269');

const swapPlugin = geometryPlugin('SwapGeometryCoordinates', [sridsKey], true, (config) => {
  const srids = new Set(
    config.list('srids').map((srid) => {
      if (/^[+-]?\d+$/.test(srid)) return Number(srid);
      throw invalid('srids', srid, 'not an SRID, which is an integer.');
    }),
  );
  return (wkb, srid) => (srids.has(srid) ? withSwappedCoordinates(wkb) : wkb);
});

export const geometryPlugins: readonly TransformPlugin[] = [formatPlugin, swapPlugin];

/** `arrays`: also of arrays' elements. */
function geometryPlugin(
  name: string,
  configKeys: readonly ConfigKey[],
  arrays: boolean,
  create: (config: Parameters<TransformPlugin['create']>[0]) => Rewrite,
): TransformPlugin {
  return {
    className: `io.debezium.transforms.${name}`,
    aliases: [],
    configKeys,
    create(config): Transform {
      const rewrite = create(config);
      return {
        plan(shape) {
          const cells = new RowCells(shape.schema);
          const value = rewritten(shape.value, cells, rewrite, arrays);
          return { shape: { ...shape, schema: cells.schema, value }, step: cells.step };
        },
      };
    },
  };
}

function rewritten(node: Node, cells: RowCells, rewrite: Rewrite, arrays: boolean): Node {
  if (node.kind === 'struct') {
    const fields = node.fields.map((field) => ({ name: field.name, node: rewritten(field.node, cells, rewrite, arrays) }));
    if (fields.every((field, at) => field.node === node.fields[at]?.node)) return node;
    const changed = withFields(node, fields);
    return { ...changed, schema: { ...changed.schema, optional: node.schema.optional } };
  }
  if (node.kind !== 'column') return node;
  if (node.schema.name === geometryName) return geometryCell(node, cells, rewrite);
  return arrays && node.schema.items?.name === geometryName ? arrayCell(node, cells, rewrite) : node;
}

/** The cell as a struct of bytes and SRID, as the transforms leave it; boxes, paths and the like have no SRID and stay. */
function geometryCell(node: ColumnNode, cells: RowCells, rewrite: Rewrite): Node {
  const column = cells.schema.columns[node.column];
  const struct = column?.rewrite?.kind === 'ewkb' ? column.element : column;
  if (struct?.kind !== ColumnKind.STRUCT) return node;
  const rest = struct.fields?.length === 3 ? ',NULL}' : '}';
  return derived(node, struct, cells, (text) => {
    const [, inner, told] = /^\{"\\\\x([0-9a-fA-F]*)",(-?\d+)\b/.exec(text) ?? [];
    const wkb = bytesOf(inner ?? text);
    const srid = wkb === null ? null : inner === undefined ? sridOf(wkb) : Number(told);
    if (wkb === null || srid === null) return text.startsWith('{') ? text : `{"\\\\x${text}",NULL${rest}`;
    return `{"\\\\x${rewrite(wkb, srid).toString('hex')}",${srid}${rest}`;
  });
}

function arrayCell(node: ColumnNode, cells: RowCells, rewrite: Rewrite): Node {
  const column = cells.schema.columns[node.column];
  const array = column?.rewrite?.kind === 'delimited' ? column.element : column;
  if (array?.kind !== ColumnKind.ARRAY || array.element?.rewrite?.kind !== 'ewkb') return node;
  return derived(node, array, cells, (text) =>
    text.replaceAll(/[0-9a-fA-F]{10,}|:/g, (found) => {
      const wkb = found === ':' ? null : bytesOf(found);
      const srid = wkb === null ? null : sridOf(wkb);
      return wkb === null || srid === null ? found.replace(':', ',') : rewrite(wkb, srid).toString('hex');
    }),
  );
}

function derived(node: ColumnNode, how: Column, cells: RowCells, rewrite: (text: string) => string): ColumnNode {
  const { name = 'a geometry' } = cells.schema.columns[node.column] ?? {};
  const read = rowReader(node, cells.schema);
  const { kind, element, fields, neutral } = how;
  return cells.add(name, { kind, schema: node.schema, element, fields, neutral }, (change) => {
    const text = read(change);
    return text === null ? null : rewrite(String(text));
  });
}

/** Null: a text that is no EWKB, which the converter is to refuse, or what stands for a value that was not sent. */
function bytesOf(hex: string): Buffer | null {
  if (!/^0[01]([0-9a-fA-F]{2}){4,}$/.test(hex)) return null;
  return Buffer.from(hex, 'hex');
}
