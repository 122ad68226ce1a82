import type { TupleView } from '../../record/tuple-view.ts';
import { isUtf8 } from 'node:buffer';

/**
 * Whether the rows of a window are well encoded. Looks at everything up to the last line feed at once; only around bad
 * bytes at rows one by one.
 */
export class EncodingCheck {
  readonly #transcoded: boolean;
  /** Everything before it is known to be good. */
  #goodEnd = 0;
  /** Before it there is something bad. */
  #mixedEnd = 0;

  /** `transcoded`: the window is valid UTF-8 anyway, and bytes that meant nothing in the file became U+FFFD. */
  constructor(transcoded: boolean) {
    this.#transcoded = transcoded;
  }

  /** The first `bytes` of the window went away. */
  shift(bytes: number): void {
    this.#goodEnd = Math.max(0, this.#goodEnd - bytes);
    this.#mixedEnd = Math.max(0, this.#mixedEnd - bytes);
  }

  /** Of the row `bytes[start, end)` in a window filled up to `windowEnd`. */
  isGood(bytes: Buffer, start: number, end: number, windowEnd: number): boolean {
    if (end <= this.#goodEnd) return true;
    if (end > this.#mixedEnd) {
      const last = bytes.subarray(0, windowEnd).lastIndexOf(10) + 1;
      const stop = Math.max(last, end);
      if (this.isGoodText(bytes.subarray(start, stop))) {
        this.#goodEnd = stop;
        return true;
      }
      this.#mixedEnd = stop;
    }
    return this.isGoodText(bytes.subarray(start, end));
  }

  /** The first cell with bytes that are not of the encoding; -1: they lie in no cell. */
  firstBadCell(bytes: Buffer, { start, end }: TupleView, cells: number): number {
    for (let cell = 0; cell < cells; cell += 1) if (!this.isGoodText(bytes.subarray(start[cell], end[cell]))) return cell;
    return -1;
  }

  isGoodText(text: Uint8Array): boolean {
    return this.#transcoded ? !Buffer.from(text.buffer, text.byteOffset, text.length).includes(replacement) : isUtf8(text);
  }
}

const replacement = Buffer.from('\uFFFD');
