/** What cells become before they are compared: the same for the table's text and for every record format. */
export type PlainCell = number | string | boolean | null;

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/** 64 bits over the cells of a row, in order: two different 32-bit hashes, quick enough to compare millions of rows. */
export class CellHash {
  high = 0;
  low = 0;

  begin(): void {
    this.high = 0x811c9dc5;
    this.low = 0x9e3779b9;
  }

  /** A cell's kind is hashed too: null, '' and 0 differ. */
  add(cell: PlainCell): void {
    if (cell === null) this.#mix(1);
    else if (typeof cell === 'boolean') this.#mix(cell ? 2 : 3);
    else if (typeof cell === 'number') {
      float[0] = cell;
      this.#mix(4);
      this.#mix(words[0] ?? 0);
      this.#mix(words[1] ?? 0);
    } else {
      this.#mix(5 + cell.length);
      for (let index = 0; index < cell.length; index += 1) this.#mix(cell.charCodeAt(index));
    }
  }

  #mix(word: number): void {
    this.high = Math.imul(this.high ^ word, 0x01000193) >>> 0;
    const turned = Math.imul(this.low ^ word, 0x85ebca6b);
    this.low = (turned ^ (turned >>> 13)) >>> 0;
  }
}
