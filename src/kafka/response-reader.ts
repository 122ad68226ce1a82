/**
 * Reads one answer of Kafka's protocol from front to back, in the compact form of flexible versions (KIP-482) unless a
 * method's name says otherwise. Reading beyond the end throws a `RangeError`. Bytes are views of the answer.
 */
export class ResponseReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  readInt8(): number {
    return this.#bytes.readInt8(this.#pass(1));
  }

  readInt16(): number {
    return this.#bytes.readInt16BE(this.#pass(2));
  }

  readInt32(): number {
    return this.#bytes.readInt32BE(this.#pass(4));
  }

  readInt64(): bigint {
    return this.#bytes.readBigInt64BE(this.#pass(8));
  }

  readBoolean(): boolean {
    return this.readInt8() !== 0;
  }

  readUnsignedVarInt(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes.readUInt8(this.#pass(1));
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new RangeError('a number of more than five bytes');
  }

  readString(): string {
    return this.readNullableString() ?? '';
  }

  readNullableString(): string | null {
    const length = this.readUnsignedVarInt() - 1;
    return length < 0 ? null : this.#range(length).toString();
  }

  /** As versions before the flexible ones have it. */
  readClassicString(): string {
    return this.#range(this.readInt16()).toString();
  }

  readNullableBytes(): Buffer | null {
    const length = this.readUnsignedVarInt() - 1;
    return length < 0 ? null : this.#range(length);
  }

  /** A null array is empty. `tagged` false: the elements are plain numbers or texts, which have no tagged fields. */
  readArray<T>(read: (reader: this) => T, tagged = true): T[] {
    const length = this.readUnsignedVarInt() - 1;
    const values: T[] = [];
    for (let index = 0; index < length; index += 1) {
      values.push(read(this));
      if (tagged) this.skipTaggedFields();
    }
    return values;
  }

  skipTaggedFields(): void {
    this.readTaggedFields(() => undefined);
  }

  /** `onField` may read of the field what it wants; the rest is passed over. */
  readTaggedFields(onField: (tag: number) => void): void {
    const count = this.readUnsignedVarInt();
    for (let index = 0; index < count; index += 1) {
      const tag = this.readUnsignedVarInt();
      const length = this.readUnsignedVarInt();
      const end = this.#at + length;
      onField(tag);
      this.#at = end;
    }
  }

  #pass(length: number): number {
    const at = this.#at;
    this.#at = at + length;
    return at;
  }

  #range(length: number): Buffer {
    const from = this.#pass(length);
    if (length < 0 || this.#at > this.#bytes.length) throw new RangeError(`an answer of ${this.#bytes.length} bytes is too short`);
    return this.#bytes.subarray(from, this.#at);
  }
}
