import { assert } from '../base/assert.ts';
import { ByteSink } from '../base/byte-sink.ts';
import { wordsOf } from '../base/word-copy.ts';
import type { Change, TupleRef } from '../record/change.ts';
import type { RowEncoder } from './converter.ts';

export interface HeaderPart {
  readonly name: string;
  /** Bytes known at shape time (null: a null value), or what writes them. */
  readonly value: Uint8Array | RowEncoder | null;
  /** Only on changes that have this image; null: always. */
  readonly presence: TupleRef | null;
  /** Only on changes where this register has a value; -1: always. */
  readonly register: number;
}

/** What an encoder of headers writes for null: see `RowEncoder.encode`. */
const nullByte = 0xff;

interface Entry {
  /** The encoded name; for a constant also its length and bytes: a range of `#bytes`. */
  readonly start: number;
  readonly end: number;
  readonly encoder: RowEncoder | null;
  readonly presence: TupleRef | null;
  readonly register: number;
}

/** The length of a value stands before it, so it is written here first; by one at a time. */
const scratch = new ByteSink(Buffer.allocUnsafeSlow(256));

/**
 * Writes record headers in Kafka's own form: zigzag varint count, then length and bytes of each name and value.
 * Headers that are the same on every record are one block, encoded once.
 */
export class HeaderEncoder implements RowEncoder {
  /** The number of all headers, then what is known of each, one behind the other. */
  readonly #bytes: Uint8Array;
  readonly #words: DataView;
  readonly #constant: boolean;
  readonly #entries: readonly Entry[];

  constructor(parts: readonly HeaderPart[]) {
    const pieces = [varint(parts.length)];
    let at = pieces[0]?.length ?? 0;
    this.#entries = parts.map(({ name, value, presence, register }) => {
      const encoder = value === null || value instanceof Uint8Array ? null : value;
      const known = value === null || value instanceof Uint8Array ? Buffer.concat([text(name), bytes(value)]) : text(name);
      pieces.push(known);
      const start = at;
      at += known.length;
      return { start, end: at, encoder, presence, register };
    });
    // Outside of Node's shared pool, of which a piece keeps all 64 KiB alive.
    this.#bytes = Uint8Array.from(Buffer.concat(pieces));
    this.#words = wordsOf(this.#bytes);
    this.#constant = this.#entries.every((entry) => entry.encoder === null && entry.presence === null && entry.register < 0);
  }

  /** Writes nothing when no header applies to this change. */
  encode(change: Change, out: ByteSink): void {
    if (this.#constant) {
      out.copyRun(this.#bytes, this.#words, 0, this.#bytes.length);
      return;
    }
    let count = 0;
    for (const entry of this.#entries) if (applies(entry, change)) count += 1;
    if (count === 0) return;
    out.int(count);
    for (const entry of this.#entries) {
      if (!applies(entry, change)) continue;
      out.copyRun(this.#bytes, this.#words, entry.start, entry.end);
      if (entry.encoder !== null) this.#value(entry.encoder, change, out);
    }
  }

  #value(encoder: RowEncoder, change: Change, out: ByteSink): void {
    scratch.at = 0;
    encoder.encode(change, scratch);
    if (scratch.overflowed) {
      scratch.bytes = Buffer.allocUnsafeSlow(scratch.at * 2);
      scratch.at = 0;
      encoder.encode(change, scratch);
      assert(!scratch.overflowed, 'a header needs more room the second time');
    }
    if (scratch.at === 1 && scratch.bytes[0] === nullByte) {
      out.int(-1);
      return;
    }
    out.int(scratch.at);
    out.copy(scratch.bytes, 0, scratch.at);
  }
}

function applies(entry: Entry, change: Change): boolean {
  if (entry.register >= 0 && change.registers.present[entry.register] === 0) return false;
  return entry.presence === null || change.tuple(entry.presence).count > 0;
}

/** For headers that are made on slow paths: the same form from names and texts. */
export function encodeHeaderBlock(headers: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat([varint(headers.length), ...headers.flatMap(([name, value]) => [text(name), text(value)])]);
}

function text(value: string): Buffer {
  return bytes(Buffer.from(value, 'utf8'));
}

function bytes(value: Uint8Array | null): Buffer {
  return value === null ? varint(-1) : Buffer.concat([varint(value.length), value]);
}

function varint(value: number): Buffer {
  const sink = new ByteSink(Buffer.alloc(5));
  sink.int(value);
  return sink.bytes.subarray(0, sink.at);
}
