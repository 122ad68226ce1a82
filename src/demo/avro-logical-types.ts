import avro from 'avsc';

/** Connect's decimal, and Avro's own: two's complement bytes and a scale. Shown as `12.50`. */
class Decimal extends avro.types.LogicalType {
  #scale = 0;

  constructor(schema: avro.Schema, options: object) {
    super(schema, options);
    const { scale } = schema as { scale?: number };
    this.#scale = scale ?? 0;
  }

  protected override _fromValue(bytes: Buffer): string {
    return decimalText(bytes, this.#scale);
  }

  /** avsc writes a field's default once, when it reads the schema. */
  protected override _toValue(text: string): Buffer {
    return decimalBytes(text, this.#scale);
  }

  protected override _resolve(): undefined {
    return undefined;
  }
}

export function decimalText(bytes: Uint8Array, scale: number): string {
  let unscaled = 0n;
  for (const byte of bytes) unscaled = (unscaled << 8n) | BigInt(byte);
  unscaled = BigInt.asIntN(Math.max(bytes.length, 1) * 8, unscaled);
  const sign = unscaled < 0n ? '-' : '';
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  return scale <= 0 ? `${sign}${digits}${'0'.repeat(-scale)}` : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** The shortest two's complement form. */
export function decimalBytes(text: string, scale: number): Buffer {
  const unscaled = scale < 0 ? BigInt(text) / 10n ** BigInt(-scale) : BigInt(text.replace('.', ''));
  let length = 1;
  while (BigInt.asIntN(length * 8, unscaled) !== unscaled) length += 1;
  const bits = BigInt.asUintN(length * 8, unscaled);
  return Buffer.from(bits.toString(16).padStart(length * 2, '0'), 'hex');
}

class Timestamp extends avro.types.LogicalType {
  protected override _fromValue(value: number): string {
    return new Date(value).toISOString();
  }

  protected override _toValue(text: string): number {
    return Date.parse(text);
  }

  protected override _resolve(): undefined {
    return undefined;
  }
}

/** For the registry's Avro reader: values as a person writes them. */
export const logicalTypes = { decimal: Decimal, 'timestamp-millis': Timestamp };

/** Nanoseconds since 1970 do not fit a JavaScript number: a long that does not is a bigint. */
const long = avro.types.LongType.__with({
  fromBuffer(bytes: Buffer): number | bigint {
    const value = bytes.readBigInt64LE();
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  },
  toBuffer(value: number | bigint): Buffer {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    return bytes;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint' || Number.isSafeInteger(value),
  compare: (one: bigint, other: bigint) => (one < other ? -1 : Number(one > other)),
});

/** For the registry's Avro reader, which asks for each type of a schema whether there is one of ours. */
export function longsThatFit(schema: unknown): avro.Type | undefined {
  if (schema === 'long') return long;
  return typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'long' && !('logicalType' in schema)
    ? long
    : undefined;
}
