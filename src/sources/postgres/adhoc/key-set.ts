import { CellState, type TupleView } from '../../../record/tuple-view.ts';

const nullLength = 0xffff_ffff;

/** Keys of rows, by the bytes of some cells of a tuple; each with a count. Nothing is boxed per key. */
export class KeySet {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #end = 0;
  /** Open addressing: entry number plus one, 0 for a free slot. The length is a power of two. */
  #slots = new Int32Array(256);
  #start = new Int32Array(128);
  #stop = new Int32Array(128);
  #hash = new Int32Array(128);
  #count = new Int32Array(128);
  #entries = 0;

  get size(): number {
    return this.#entries;
  }

  /** Memory in use, roughly. */
  get byteLength(): number {
    return this.#end + this.#entries * 24;
  }

  add(tuple: TupleView, cells: Uint16Array): void {
    const hash = this.#write(tuple, cells);
    const found = this.#find(hash);
    if (found >= 0) {
      this.#count[found] = (this.#count[found] as number) + 1;
      return;
    }
    const entry = this.#entries;
    if (entry === this.#start.length) this.#growEntries();
    this.#start[entry] = this.#end;
    this.#stop[entry] = this.#tail;
    this.#hash[entry] = hash;
    this.#count[entry] = 1;
    this.#end = this.#tail;
    this.#entries += 1;
    if (this.#entries * 2 > this.#slots.length) this.#rehash(this.#slots.length * 2);
    else this.#place(entry);
  }

  /** Is the key there? `once`: it counts as gone afterwards, as often as it was added. */
  has(tuple: TupleView, cells: Uint16Array, once: boolean): boolean {
    if (this.#entries === 0) return false;
    const found = this.#find(this.#write(tuple, cells));
    if (found < 0 || this.#count[found] === 0) return false;
    if (once) this.#count[found] = (this.#count[found] as number) - 1;
    return true;
  }

  #tail = 0;

  /** The key in one form, behind everything that is kept; returns its hash (FNV-1a). */
  #write(tuple: TupleView, cells: Uint16Array): number {
    let at = this.#end;
    let hash = 0x811c9dc5;
    for (let index = 0; index < cells.length; index += 1) {
      const cell = cells[index] as number;
      const isText = tuple.state[cell] === CellState.TEXT;
      const start = tuple.start[cell] as number;
      const length = isText ? (tuple.end[cell] as number) - start : 0;
      if (at + length + 4 > this.#bytes.length) this.#growBytes(at + length + 4);
      this.#view.setUint32(at, isText ? length : nullLength);
      at += 4;
      hash = Math.imul(hash ^ (isText ? length : nullLength), 0x01000193);
      for (let offset = 0; offset < length; offset += 1) {
        const byte = tuple.bytes[start + offset] as number;
        this.#bytes[at++] = byte;
        hash = Math.imul(hash ^ byte, 0x01000193);
      }
    }
    this.#tail = at;
    return hash;
  }

  /** The entry equal to what `#write` has just written; -1: none. */
  #find(hash: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = (this.#slots[slot] as number) - 1;
      if (entry < 0) return -1;
      if (this.#hash[entry] === hash && this.#same(entry)) return entry;
    }
  }

  #same(entry: number): boolean {
    const start = this.#start[entry] as number;
    const length = (this.#stop[entry] as number) - start;
    if (length !== this.#tail - this.#end) return false;
    for (let at = 0; at < length; at += 1) if (this.#bytes[start + at] !== this.#bytes[this.#end + at]) return false;
    return true;
  }

  #place(entry: number): void {
    const mask = this.#slots.length - 1;
    let slot = (this.#hash[entry] as number) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = entry + 1;
  }

  #rehash(length: number): void {
    this.#slots = new Int32Array(length);
    for (let entry = 0; entry < this.#entries; entry += 1) this.#place(entry);
  }

  #growEntries(): void {
    this.#start = twice(this.#start);
    this.#stop = twice(this.#stop);
    this.#hash = twice(this.#hash);
    this.#count = twice(this.#count);
  }

  #growBytes(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

function twice(old: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(old.length * 2);
  larger.set(old);
  return larger;
}
