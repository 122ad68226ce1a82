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

/** avsc is strict about namespaces, which whoever reads a schema decides for himself. */
function plainNamespace(key: string, value: unknown): unknown {
  return key === 'namespace' && typeof value === 'string' ? value.replaceAll(/[^\w.]|(?<=^|\.)(?=\d)/g, '_') : value;
}

/** Parses an Avro schema; rejects what Avro does not allow with `data.shape`. Longs decode to bigint. */
export function avscType(schemaText: string): Type {
  try {
    return avsc.Type.forSchema(JSON.parse(schemaText, plainNamespace) as avsc.Schema, {
      wrapUnions: true,
      typeHook: (schema) => (isLong(schema) ? wideLong : undefined),
    });
  } catch (error) {
    throw new ConnectError('data.shape', 'The schema of this record is not a valid Avro schema.', { cause: error });
  }
}
