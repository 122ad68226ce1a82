import avsc from 'avsc';
import type { Type } from 'avsc';
import { ConnectError } from '../base/errors.ts';

/** Longs as bigint, so that a default beyond 2^53 is not refused. */
const wideLong = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  },
  fromJSON: (value: number | bigint) => BigInt(value),
  toJSON: (value: bigint) => Number(value),
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (left: bigint, right: bigint) => (left === right ? 0 : left < right ? -1 : 1),
});

function isLong(schema: unknown): boolean {
  return schema === 'long' || (typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'long');
}

/** Where a schema names a type; in a union by its place. */
const namesType = /^(?:name|type|items|values|\d+)$/;

/** For `JSON.parse`: avsc is strict about namespaces, which whoever reads a schema decides for himself. */
export function plainNamespaces(key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (key === 'namespace') return plain(value);
  const dot = namesType.test(key) ? value.lastIndexOf('.') : -1;
  return dot < 0 ? value : plain(value.slice(0, dot)) + value.slice(dot);
}

function plain(namespace: string): string {
  return namespace.replaceAll(/[^\w.]|(?<=^|\.)(?=\d)/g, '_');
}

/** Parses an Avro schema; rejects what Avro does not allow with `data.shape`. Longs decode to bigint. */
export function avscType(schemaText: string): Type {
  try {
    return avsc.Type.forSchema(JSON.parse(schemaText, plainNamespaces) as avsc.Schema, {
      wrapUnions: true,
      typeHook: (schema) => (isLong(schema) ? wideLong : undefined),
    });
  } catch (error) {
    throw new ConnectError('data.shape', 'The schema of this record is not a valid Avro schema.', { cause: error });
  }
}
