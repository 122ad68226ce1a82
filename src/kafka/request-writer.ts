/** From this size on a caller's bytes are sent from where they lie. */
const referredBytesMin = 4 * 1024;
const firstBytes = 512;

/**
 * One request of Kafka's protocol as it goes onto the wire, its length in front. Texts, arrays and bytes are in the compact
 * form of flexible versions (KIP-482) unless a method's name says otherwise. Large bytes are not copied: they must stay as
 * they are until the request is answered or its connection closed.
 */
export class RequestWriter {
  #bytes = Buffer.allocUnsafe(firstBytes);
  /** Where the piece that is being written began, and where it ends so far. */
  #start = 0;
  #end = 4;
  readonly #pieces: Buffer[] = [];
  #pieceBytes = 0;

  appendInt8(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#end] = value;
    this.#end += 1;
    return this;
  }

  appendInt16(value: number): this {
    this.#reserve(2);
    this.#end = this.#bytes.writeInt16BE(value, this.#end);
    return this;
  }

  appendInt32(value: number): this {
    this.#reserve(4);
    this.#end = this.#bytes.writeInt32BE(value, this.#end);
    return this;
  }

  appendInt64(value: bigint): this {
    this.#reserve(8);
    this.#end = this.#bytes.writeBigInt64BE(value, this.#end);
    return this;
  }

  appendBoolean(value: boolean): this {
    return this.appendInt8(value ? 1 : 0);
  }

  appendUnsignedVarInt(value: number): this {
    this.#reserve(5);
    let rest = value >>> 0;
    for (; rest > 0x7f; rest >>>= 7) {
      this.#bytes[this.#end] = (rest & 0x7f) | 0x80;
      this.#end += 1;
    }
    return this.appendInt8(rest);
  }

  appendString(value: string | null): this {
    if (value === null) return this.appendUnsignedVarInt(0);
    const length = Buffer.byteLength(value);
    return this.appendUnsignedVarInt(length + 1).#text(value, length);
  }

  /** As versions before the flexible ones have it. */
  appendClassicString(value: string): this {
    const length = Buffer.byteLength(value);
    return this.appendInt16(length).#text(value, length);
  }

  appendBytes(value: Buffer): this {
    this.appendUnsignedVarInt(value.length + 1);
    if (value.length < referredBytesMin) {
      this.#reserve(value.length);
      this.#bytes.set(value, this.#end);
      this.#end += value.length;
      return this;
    }
    this.#cut();
    this.#piece(value);
    return this;
  }

  /** `tagged` false: the elements are plain numbers or texts, which have no tagged fields. */
  appendArray<T>(values: readonly T[], append: (writer: this, value: T) => unknown, tagged = true): this {
    this.appendUnsignedVarInt(values.length + 1);
    for (const value of values) {
      append(this, value);
      if (tagged) this.appendTaggedFields();
    }
    return this;
  }

  /** There are none. */
  appendTaggedFields(): this {
    return this.appendInt8(0);
  }

  /** The request, in pieces. Nothing may be appended afterwards. */
  finish(): readonly Buffer[] {
    this.#cut();
    this.#pieces[0]?.writeInt32BE(this.#pieceBytes - 4, 0);
    return this.#pieces;
  }

  #text(value: string, length: number): this {
    this.#reserve(length);
    this.#end += this.#bytes.write(value, this.#end);
    return this;
  }

  #cut(): void {
    if (this.#end === this.#start) return;
    this.#piece(this.#bytes.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }

  #piece(bytes: Buffer): void {
    this.#pieces.push(bytes);
    this.#pieceBytes += bytes.length;
  }

  #reserve(length: number): void {
    if (this.#end + length <= this.#bytes.length) return;
    const held = this.#end - this.#start;
    const bytes = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, held + length));
    this.#bytes.copy(bytes, 0, this.#start, this.#end);
    this.#bytes = bytes;
    this.#start = 0;
    this.#end = held;
  }
}
