import type { AvroType } from './avro-type.ts';
import type { JsonValue } from './json-value.ts';

/** Avro's binary encoding as JSON data, for option files; nothing here is fast. Throws `RangeError` where bytes run out. */
export function decodeAvro(type: AvroType, bytes: Buffer): JsonValue {
  return new AvroDecoder(bytes).value(type);
}

class AvroDecoder {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  value(type: AvroType): JsonValue {
    switch (type.kind) {
      case 'null':
        return null;
      case 'union': {
        const branch = type.branches[Number(this.#long())];
        if (branch === undefined) throw new RangeError('a union has no such branch');
        return this.value(branch);
      }
      case 'primitive':
        return this.#primitive(type.type);
      case 'enum':
        return type.symbols[Number(this.#long())] ?? null;
      case 'fixed':
        return this.#take(type.size).toString('latin1');
      case 'array': {
        const values: JsonValue[] = [];
        this.#blocks(() => values.push(this.value(type.items)));
        return values;
      }
      case 'map': {
        const entries: [string, JsonValue][] = [];
        this.#blocks(() => entries.push([this.#text(), this.value(type.values)]));
        return Object.fromEntries(entries);
      }
      case 'record':
        return Object.fromEntries(type.fields.map((field) => [field.name, this.value(field.type)]));
    }
  }

  #primitive(type: string): JsonValue {
    switch (type) {
      case 'boolean':
        return this.#take(1)[0] === 1;
      case 'int':
      case 'long': {
        const value = this.#long();
        return Number.isSafeInteger(Number(value)) ? Number(value) : value;
      }
      case 'float':
        return this.#take(4).readFloatLE();
      case 'double':
        return this.#take(8).readDoubleLE();
      case 'string':
        return this.#text();
      default:
        return this.#take(Number(this.#long())).toString('latin1');
    }
  }

  #blocks(read: () => void): void {
    for (;;) {
      let count = this.#long();
      if (count === 0n) return;
      // A negative count is followed by the block's size in bytes.
      if (count < 0n) {
        this.#long();
        count = -count;
      }
      for (let at = 0n; at < count; at += 1n) read();
    }
  }

  #long(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#take(1)[0] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return (value >> 1n) ^ -(value & 1n);
    }
  }

  #text(): string {
    return this.#take(Number(this.#long())).toString('utf8');
  }

  #take(count: number): Buffer {
    if (count < 0 || this.#at + count > this.#bytes.length) throw new RangeError('the data ends too soon');
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }
}
