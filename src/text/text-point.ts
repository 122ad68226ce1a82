import { readFloat64 } from './text-number.ts';
import { valueError } from './value-error.ts';

/** A point and its well-known binary form, reused from cell to cell. */
export class Point {
  x = 0;
  y = 0;
  /** Little-endian WKB: byte order mark, type 1, x, y; 21 bytes. */
  readonly wkb: Uint8Array = new Uint8Array(21);
  readonly #view = new DataView(this.wkb.buffer);

  /** `(x,y)`. */
  read(bytes: Uint8Array, start: number, end: number): void {
    const comma = bytes.indexOf(0x2c, start);
    if (end - start < 5 || bytes[start] !== 0x28 || bytes[end - 1] !== 0x29 || comma < 0 || comma >= end) {
      throw valueError('not a point: expected (x,y)');
    }
    this.x = readFloat64(bytes, start + 1, comma);
    this.y = readFloat64(bytes, comma + 1, end - 1);
    this.wkb[0] = 1;
    this.#view.setUint32(1, 1, true);
    this.#view.setFloat64(5, this.x, true);
    this.#view.setFloat64(13, this.y, true);
  }
}
