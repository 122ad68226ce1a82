import type { LiteralValue, Schema } from '../record/schema.ts';
import { javaDouble, javaFloat } from '../base/java-number.ts';
import { writeDecimalText } from '../text/text-decimal.ts';

export interface JsonFormatOptions {
  /** `decimal.format`: Connect decimals as numbers; otherwise as base64 of their unscaled bytes. */
  readonly decimalNumeric: boolean;
  /** `replace.null.with.default=false` */
  readonly keepNull?: boolean;
}

const typeNames: Readonly<Record<string, string>> = { float32: 'float', float64: 'double' };

/** A schema in the form and member order of Connect's JsonConverter. `field`: its name where it is a field of a struct. */
export function jsonSchemaText(schema: Schema, options: JsonFormatOptions, field: string | null = null): string {
  const members: string[] = [`"type":"${typeNames[schema.type] ?? schema.type}"`];
  if (schema.type === 'array') members.push(`"items":${jsonSchemaText(itemsOf(schema), options)}`);
  if (schema.type === 'map') {
    members.push(`"keys":${jsonSchemaText(schema.keys ?? { type: 'string', optional: false }, options)}`);
    members.push(`"values":${jsonSchemaText(itemsOf(schema), options)}`);
  }
  if (schema.type === 'struct') {
    const fields = (schema.fields ?? []).map((member) => jsonSchemaText(member.schema, options, member.name));
    members.push(`"fields":[${fields.join(',')}]`);
  }
  members.push(`"optional":${schema.optional}`);
  if (schema.name !== undefined) members.push(`"name":${JSON.stringify(schema.name)}`);
  if (schema.version !== undefined) members.push(`"version":${schema.version}`);
  if (schema.doc !== undefined) members.push(`"doc":${JSON.stringify(schema.doc)}`);
  if (schema.parameters !== undefined) members.push(`"parameters":${JSON.stringify(schema.parameters)}`);
  if (schema.default !== undefined && schema.default !== null) members.push(`"default":${jsonLiteral(schema, schema.default, options)}`);
  if (field !== null) members.push(`"field":${JSON.stringify(field)}`);
  return `{${members.join(',')}}`;
}

/** A value as JSON text. */
export function jsonLiteral(schema: Schema, value: LiteralValue, options: JsonFormatOptions): string {
  if (schema.type === 'array') return '[]';
  // A map whose keys are no texts is an array of pairs.
  if (schema.type === 'map') return (schema.keys?.type ?? 'string') === 'string' ? '{}' : '[]';
  if (value instanceof Uint8Array) {
    return options.decimalNumeric && isDecimal(schema)
      ? writeDecimalText(value, scaleOf(schema))
      : JSON.stringify(Buffer.from(value).toString('base64'));
  }
  if (typeof value !== 'number' || (schema.type !== 'float32' && schema.type !== 'float64')) {
    return typeof value === 'bigint' ? value.toString() : JSON.stringify(value);
  }
  const text = schema.type === 'float32' ? javaFloat(value) : javaDouble(value);
  return Number.isFinite(value) ? text : JSON.stringify(text);
}

export function isDecimal(schema: Schema): boolean {
  return schema.name === 'org.apache.kafka.connect.data.Decimal';
}

export function scaleOf(schema: Schema): number {
  return Number(schema.parameters?.['scale'] ?? 0);
}

function itemsOf(schema: Schema): Schema {
  return schema.items ?? { type: 'string', optional: true };
}
