import { ConnectError } from '../base/errors.ts';
import type { Field, LiteralValue, Schema } from '../record/schema.ts';
import { scrubFullName, scrubName } from './scrub-name.ts';
import { javaDouble, javaFloat } from '../base/java-number.ts';
import { jsonString } from '../base/json-string.ts';

const defaultNamespace = 'io.confluent.connect.avro';
const defaultName = 'ConnectDefault';
const decimalName = 'org.apache.kafka.connect.data.Decimal';
const fieldDefaultFlag = 'io.confluent.connect.avro.field.default';
const fieldDocPrefix = 'io.confluent.connect.avro.field.doc.';
const recordDoc = 'io.confluent.connect.avro.record.doc';

const logicalTypes: Readonly<Record<string, string>> = {
  [decimalName]: 'decimal',
  'org.apache.kafka.connect.data.Date': 'date',
  'org.apache.kafka.connect.data.Time': 'time-millis',
  'org.apache.kafka.connect.data.Timestamp': 'timestamp-millis',
};

export interface AvroSchemaOptions {
  /** `connect.meta.data`: Connect's own facts (name, version, parameters) as properties. */
  readonly connectMetaData: boolean;
  /** Namespaces may hold characters that Avro's specification does not allow, as Java's library lets them. */
  readonly anyNamespace?: boolean;
  /** Names that Avro does not allow are changed, here alone: `connect.name` keeps them. */
  readonly scrubInvalidNames?: boolean;
}

/** An optional value with a default is the union [T, null], without one [null, T]. */
export function hasDefault(schema: Schema): boolean {
  return schema.default !== undefined && schema.default !== null;
}

/**
 * A Connect schema as Avro schema text, byte-equal to what Confluent's AvroData makes of it: registries compare text
 * before they compare schemas, and an equal text keeps the id that is already in use.
 */
export function avroSchemaText(schema: Schema, options: AvroSchemaOptions): string {
  return new AvroSchemaWriter(options).schema(schema, '');
}

/** The full name of the record at the top of a Connect schema, for the RecordName strategies; null when there is none. */
export function avroRecordName(schema: Schema, { scrubInvalidNames }: Partial<AvroSchemaOptions> = {}): string | null {
  if (schema.type !== 'struct') return null;
  const name = schema.name ?? `${defaultNamespace}.${defaultName}`;
  return scrubInvalidNames === true ? scrubFullName(name) : name;
}

class AvroSchemaWriter {
  readonly #options: AvroSchemaOptions;
  /** Full names of the records written so far, with the text of the Connect schema behind each. */
  readonly #named = new Map<string, string>();
  readonly #unnamed = new Map<string, string>();

  constructor(options: AvroSchemaOptions) {
    this.#options = options;
  }

  /** `namespace`: of the enclosing record, left out in names that share it. */
  schema(schema: Schema, namespace: string): string {
    const base = this.#base(schema, namespace);
    if (!schema.optional) return base;
    return hasDefault(schema) ? `[${base},"null"]` : `["null",${base}]`;
  }

  #base(schema: Schema, namespace: string): string {
    switch (schema.type) {
      case 'int8':
      case 'int16':
        return this.#plain('int', schema, schema.type);
      case 'int32':
        return this.#plain('int', schema, null);
      case 'int64':
        return this.#plain('long', schema, null);
      case 'float32':
        return this.#plain('float', schema, null);
      case 'float64':
        return this.#plain('double', schema, null);
      case 'boolean':
      case 'string':
      case 'bytes':
        return this.#plain(schema.type, schema, null);
      case 'array':
        return members([['type', '"array"'], ['items', this.schema(itemsOf(schema), namespace)], ...this.#properties(schema, null)]);
      case 'map':
        return this.#map(schema, namespace);
      case 'struct':
        return this.#record(schema, namespace);
    }
  }

  #plain(type: string, schema: Schema, connectType: string | null): string {
    const decimal = decimalOf(schema);
    const front: Member[] =
      decimal === null
        ? []
        : [
            ['scale', String(decimal.scale)],
            ['precision', String(decimal.precision)],
          ];
    const properties = [...front, ...this.#properties(schema, connectType)];
    return properties.length === 0 ? jsonString(type) : members([['type', jsonString(type)], ...properties]);
  }

  #properties(schema: Schema, connectType: string | null): Member[] {
    const properties: Member[] = [];
    if (this.#options.connectMetaData) {
      if (schema.doc !== undefined) properties.push(['connect.doc', jsonString(schema.doc)]);
      if (schema.version !== undefined) properties.push(['connect.version', String(schema.version)]);
      const parameters = Object.entries(schema.parameters ?? {}).filter(([name]) => name !== fieldDefaultFlag);
      if (parameters.length > 0) {
        properties.push(['connect.parameters', members(parameters.map(([name, value]) => [name, jsonString(value)]))]);
      }
      if (hasDefault(schema) && !hasParameter(schema, fieldDefaultFlag))
        properties.push(['connect.default', literal(schema, schema.default!)]);
      if (schema.name !== undefined) properties.push(['connect.name', jsonString(schema.name)]);
      if (connectType !== null) properties.push(['connect.type', jsonString(connectType)]);
    }
    const decimal = decimalOf(schema);
    const logicalType = schema.name === undefined ? undefined : logicalTypes[schema.name];
    const fits = decimal === null || (decimal.scale >= 0 && decimal.scale <= decimal.precision);
    if (logicalType !== undefined && fits) properties.push(['logicalType', jsonString(logicalType)]);
    for (const [name, value] of Object.entries(schema.parameters ?? {}))
      if (name.startsWith('avro')) properties.push([name, jsonString(value)]);
    return properties;
  }

  #map(schema: Schema, namespace: string): string {
    const keys = schema.keys ?? { type: 'string', optional: false };
    if (keys.type === 'string' && !keys.optional) {
      return members([['type', '"map"'], ['values', this.schema(itemsOf(schema), namespace)], ...this.#properties(schema, null)]);
    }
    // Maps with other keys are arrays of entries; a named map gives its name to the entry.
    const entry: Schema = {
      type: 'struct',
      optional: false,
      name: schema.name ?? `${defaultNamespace}.MapEntry`,
      fields: [
        { name: 'key', schema: keys },
        { name: 'value', schema: itemsOf(schema) },
      ],
    };
    const items = this.#recordText(entry, namespace, schema.name === undefined ? [] : [['connect.internal.type', '"MapEntry"']]);
    return members([['type', '"array"'], ['items', items], ...this.#properties(schema, null)]);
  }

  #record(schema: Schema, namespace: string): string {
    return this.#recordText(schema, namespace, this.#properties(schema, null));
  }

  #recordText(schema: Schema, namespace: string, properties: readonly Member[]): string {
    const content = contentOf(schema);
    const given = schema.name ?? this.#nameFor(content);
    const fullName = this.#options.scrubInvalidNames === true ? scrubFullName(given) : given;
    const dot = fullName.lastIndexOf('.');
    const own = dot < 0 ? defaultNamespaceFor(schema) : fullName.slice(0, dot);
    const name = fullName.slice(dot + 1);
    checkName(name, this.#options.anyNamespace === true ? '' : own, fullName);
    const known = this.#named.get(`${own}.${name}`);
    if (known !== undefined) {
      if (known !== content) throw redefined(fullName);
      return jsonString(own === namespace || own === '' ? name : `${own}.${name}`);
    }
    this.#named.set(`${own}.${name}`, content);
    const doc = schema.parameters?.[recordDoc];
    const fields = (schema.fields ?? []).map((field) => this.#field(field, schema, own));
    return members([
      ['type', '"record"'],
      ['name', jsonString(name)],
      // Within a record that has one, no namespace has to be said.
      ...(own === namespace ? [] : [['namespace', jsonString(own)] as Member]),
      ...(doc === undefined ? [] : [['doc', jsonString(doc)] as Member]),
      ['fields', `[${fields.join(',')}]`],
      ...properties,
    ]);
  }

  #nameFor(content: string): string {
    const known = this.#unnamed.get(content);
    if (known !== undefined) return known;
    const name = `${defaultNamespace}.${defaultName}${this.#unnamed.size === 0 ? '' : String(this.#unnamed.size + 1)}`;
    this.#unnamed.set(content, name);
    return name;
  }

  #field(field: Field, record: Schema, namespace: string): string {
    const scrub = this.#options.scrubInvalidNames === true ? scrubName : (name: string): string => name;
    const name = scrub(field.name);
    if (!namePattern.test(name))
      throw badName(`Field "${field.name}" of "${record.name ?? defaultName}"`, 'field.name.adjustment.mode=avro');
    const { schema } = field;
    const doc = record.parameters?.[`${fieldDocPrefix}${field.name}`];
    const fallback = hasDefault(schema) ? literal(schema, schema.default!) : schema.optional ? 'null' : null;
    return members([
      ['name', jsonString(name)],
      ['type', this.schema(schema, namespace)],
      ...(doc === undefined ? [] : [['doc', jsonString(doc)] as Member]),
      ...(fallback === null ? [] : [['default', fallback] as Member]),
      ...(schema.aliases === undefined
        ? []
        : [['aliases', `[${schema.aliases.map((alias) => jsonString(scrub(alias))).join(',')}]`] as Member]),
    ]);
  }
}

type Member = readonly [string, string];

function members(entries: readonly Member[]): string {
  return `{${entries.map(([name, value]) => `${jsonString(name)}:${value}`).join(',')}}`;
}

function literal(schema: Schema, value: LiteralValue): string {
  if (value instanceof Uint8Array) return jsonString(Buffer.from(value).toString('latin1'));
  if (typeof value === 'string') return jsonString(value);
  if (typeof value === 'number' && schema.type === 'float64') return javaDouble(value);
  if (typeof value === 'number' && schema.type === 'float32') return javaFloat(value);
  return String(value);
}

function hasParameter(schema: Schema, name: string): boolean {
  return schema.parameters !== undefined && Object.hasOwn(schema.parameters, name);
}

function decimalOf(schema: Schema): { readonly scale: number; readonly precision: number } | null {
  if (schema.type !== 'bytes' || schema.name !== decimalName) return null;
  return {
    scale: Number(schema.parameters?.['scale'] ?? 0),
    precision: Number(schema.parameters?.['connect.decimal.precision'] ?? 64),
  };
}

function itemsOf(schema: Schema): Schema {
  if (schema.items === undefined) throw new ConnectError('data.shape', `A schema of type ${schema.type} has no item schema.`);
  return schema.items;
}

/**
 * What makes two structs the same one; optional or not is a matter of the place where it stands. Parameters (where a column
 * comes from) may differ from use to use of a name: the first use tells its own.
 */
function contentOf(schema: Schema): string {
  return JSON.stringify(
    { ...schema, optional: false, aliases: undefined, parameters: schema.name === undefined ? schema.parameters : undefined },
    (_key, value: unknown) => {
      if (typeof value === 'bigint') return value.toString();
      return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
    },
  );
}

const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;

function defaultNamespaceFor(schema: Schema): string {
  return schema.name === undefined ? defaultNamespace : '';
}

function checkName(name: string, namespace: string, fullName: string): void {
  const parts = namespace === '' ? [name] : [...namespace.split('.'), name];
  if (!parts.every((part) => namePattern.test(part))) throw badName(`Record "${fullName}"`, 'schema.name.adjustment.mode=avro');
}

function badName(what: string, setting: string): ConnectError {
  return new ConnectError('data.shape', `${what} has a name that Avro does not allow: letters, digits and _ only, no digit first.`, {
    remedy: `Set ${setting} in the connector, or rename it.`,
  });
}

function redefined(fullName: string): ConnectError {
  return new ConnectError('data.shape', `Two different structs are named "${fullName}" in one schema.`, {
    remedy: 'Rename one of them; in Avro a name stands for one definition.',
  });
}
