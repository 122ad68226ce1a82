import type { Change } from '../../record/change.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import { nextRowSchemaId } from '../../record/row-schema.ts';
import type { Column, RowSchema } from '../../record/row-schema.ts';
import type { Schema, SchemaType } from '../../record/schema.ts';
import type { Node } from '../../record/shape.ts';
import { arrayLiteral } from '../../base/array-literal.ts';
import { DerivedCells } from './derived-cells.ts';
import type { Json } from './json-text.ts';
import type { JsonType } from './json-type.ts';

const plain: Readonly<Record<'string' | 'boolean' | 'int32' | 'int64' | 'float64' | 'null', readonly [SchemaType, ColumnKind]>> = {
  string: ['string', ColumnKind.STRING],
  boolean: ['boolean', ColumnKind.BOOLEAN],
  int32: ['int32', ColumnKind.INT],
  int64: ['int64', ColumnKind.LONG],
  float64: ['float64', ColumnKind.FLOAT64],
  null: ['bytes', ColumnKind.BYTES_HEX],
};

/** JSON values of one structure as derived cells: one for each value that is neither an object nor inside an array. */
export class JsonCells {
  /** The table's schema with the cells' columns. */
  readonly schema: RowSchema;
  readonly node: Node;
  readonly #type: JsonType;
  readonly #cells: DerivedCells;

  constructor(schema: RowSchema, type: JsonType) {
    this.#type = type;
    const columns: Column[] = [];
    collectColumns(type, 'the JSON value', columns);
    this.#cells = new DerivedCells(schema, columns, nextRowSchemaId());
    this.schema = this.#cells.schema;
    this.node = bindNode(type, this.#cells.nodes.values());
  }

  write(change: Change, json: Json): void {
    const texts: (string | null)[] = [];
    collectTexts(this.#type, json, texts);
    this.#cells.write(change, texts);
  }
}

function collectColumns(type: JsonType, name: string, columns: Column[]): void {
  if (type.kind !== 'struct') columns.push(columnOf(type, name));
  else for (const [field, each] of type.fields) collectColumns(each, field, columns);
}

function bindNode(type: JsonType, cells: IterableIterator<Node>): Node {
  if (type.kind !== 'struct') return cells.next().value as Node;
  const fields = [...type.fields].map(([name, each]) => ({ name, node: bindNode(each, cells) }));
  return { kind: 'struct', schema: schemaOf(type), fields, presence: null };
}

function collectTexts(type: JsonType, json: Json | undefined, texts: (string | null)[]): void {
  if (type.kind !== 'struct') texts.push(json === undefined ? null : textOf(type, json));
  else for (const [field, each] of type.fields) collectTexts(each, json?.kind === 'object' ? json.members.get(field) : undefined, texts);
}

function columnOf(type: JsonType, name: string): Column {
  const schema = schemaOf(type);
  if (type.kind === 'array') return { name, kind: ColumnKind.ARRAY, schema, scale: -1, element: columnOf(type.item, name) };
  if (type.kind !== 'struct') return { name, kind: plain[type.kind][1], schema, scale: -1 };
  return { name, kind: ColumnKind.STRUCT, schema, scale: -1, fields: [...type.fields].map(([field, each]) => columnOf(each, field)) };
}

function schemaOf(type: JsonType): Schema {
  if (type.kind === 'array') return { type: 'array', optional: true, items: schemaOf(type.item) };
  if (type.kind !== 'struct') return { type: plain[type.kind][0], optional: true };
  const fields = [...type.fields].map(([name, each]) => ({ name, schema: schemaOf(each) }));
  return { type: 'struct', optional: !type.required, ...(type.name !== null && { name: type.name }), fields };
}

/** The text that the column's kind reads; arrays, and structs in them, as array literals. */
function textOf(type: JsonType, json: Json): string | null {
  switch (json.kind) {
    case 'null':
      return null;
    case 'boolean':
      return String(json.value);
    case 'string':
      return json.text;
    case 'number':
      // One that is larger than any double is infinite, as in Java.
      return type.kind === 'float64' && !Number.isFinite(Number(json.text)) ? String(Number(json.text)) : json.text;
    case 'array':
      return type.kind === 'array' ? arrayLiteral(json.items.map((item) => textOf(type.item, item))) : null;
    case 'object': {
      if (type.kind !== 'struct') return null;
      return arrayLiteral([...type.fields].map(([field, each]) => textOf(each, json.members.get(field) ?? { kind: 'null' })));
    }
  }
}
