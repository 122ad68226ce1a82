import avro from 'avsc';
import type { Schema, Type } from 'avsc';

import { plainNamespaces } from '../../src/avro/avsc-type.ts';
import { bigintLong } from './bigint-long.ts';

/**
 * A decoder by avsc for any record schema text, longs as bigint, unions unwrapped. Defaults are taken off first: decoding
 * needs none, and `JSON.parse` would round those beyond 2^53.
 */
export function plainDecoder(schemaText: string): Type {
  const schema = JSON.parse(schemaText, (name, value: unknown) =>
    name === 'default' ? undefined : plainNamespaces(name, value),
  ) as Schema;
  return avro.Type.forSchema(schema, { wrapUnions: false, typeHook: (found) => (isLong(found) ? bigintLong : undefined) });
}

function isLong(schema: unknown): boolean {
  return schema === 'long' || (typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'long');
}

/** A decoded value as plain JSON: longs as decimal digits, bytes as `0x…`, NaN and infinities as text. */
export function plainJson(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (Buffer.isBuffer(value)) return `0x${value.toString('hex')}`;
  if (Array.isArray(value)) return value.map(plainJson);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plainJson(member)]));
}
