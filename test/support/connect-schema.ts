import type { Field, Schema } from '../../src/record/schema.ts';

type Json = string | readonly Json[] | JsonObject;
interface JsonObject {
  readonly type: Json;
  readonly name?: string;
  readonly namespace?: string;
  readonly items?: Json;
  readonly values?: Json;
  readonly fields?: readonly { readonly name: string; readonly type: Json }[];
  readonly 'connect.name'?: string;
  readonly 'connect.parameters'?: Readonly<Record<string, string>>;
}

/** The Connect schema that the text of an Avro schema tells a consumer: types, semantic names, parameters, what is optional. */
export function connectSchema(text: string): Schema {
  return new Reader().schema(JSON.parse(text) as Json, '');
}

const kinds: Readonly<Record<string, Schema['type']>> = {
  int: 'int32',
  long: 'int64',
  float: 'float32',
  double: 'float64',
  record: 'struct',
};

class Reader {
  /** A record is told once, and named from then on. */
  readonly #records = new Map<string, Schema>();

  schema(json: Json, space: string): Schema {
    if (Array.isArray(json)) {
      const some = json.find((branch) => branch !== 'null') as Json;
      return { ...this.schema(some, space), optional: json.length > 1 };
    }
    if (typeof json === 'string') return this.#records.get(fullName(json, space)) ?? { type: kind(json), optional: false };
    const found = json as JsonObject;
    if (typeof found.type !== 'string') return this.schema(found.type, space);
    const inner = found.namespace ?? space;
    const schema: Schema = {
      type: kind(found.type),
      optional: false,
      name: found['connect.name'],
      parameters: found['connect.parameters'],
      ...(found.items !== undefined && { items: this.schema(found.items, inner) }),
      ...(found.values !== undefined && { items: this.schema(found.values, inner) }),
      ...(found.fields !== undefined && {
        fields: found.fields.map(({ name, type }): Field => ({ name, schema: this.schema(type, inner) })),
      }),
    };
    if (found.name !== undefined) this.#records.set(fullName(found.name, inner), schema);
    return schema;
  }
}

function fullName(name: string, space: string): string {
  return name.includes('.') || space === '' ? name : `${space}.${name}`;
}

function kind(name: string): Schema['type'] {
  return kinds[name] ?? (name as Schema['type']);
}
