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

  protected override _toValue(): never {
    throw new TypeError('the demo only reads');
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

class Timestamp extends avro.types.LogicalType {
  protected override _fromValue(value: number): string {
    return new Date(value).toISOString();
  }

  protected override _toValue(): never {
    throw new TypeError('the demo only reads');
  }

  protected override _resolve(): undefined {
    return undefined;
  }
}

/** For the registry's Avro reader: values as a person writes them. */
export const logicalTypes = { decimal: Decimal, 'timestamp-millis': Timestamp };
