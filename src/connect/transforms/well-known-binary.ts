import { ConnectError } from '../../base/errors.ts';

/** Of the type of a geometry in EWKB: it has an SRID; its points have a third and a measured coordinate. */
const sridFlag = 0x2000_0000;
const zFlag = 0x8000_0000;
const mFlag = 0x4000_0000;

/** The SRID that an EWKB names; null: none. */
export function sridOf(wkb: Buffer): number | null {
  return isExtended(wkb) ? new Geometry(wkb).word(5) | 0 : null;
}

export function isExtended(wkb: Buffer): boolean {
  return wkb.length >= 9 && (new Geometry(wkb).word(1) & sridFlag) !== 0;
}

/** The plain WKB of an EWKB; flags of further coordinates stay. */
export function withoutSrid(wkb: Buffer): Buffer {
  const plain = Buffer.concat([wkb.subarray(0, 5), wkb.subarray(9)]);
  new Geometry(plain).setWord(1, new Geometry(wkb).word(1) & ~sridFlag);
  return plain;
}

export function withSrid(wkb: Buffer, srid: number): Buffer {
  const extended = Buffer.concat([wkb.subarray(0, 5), Buffer.alloc(4), wkb.subarray(5)]);
  const geometry = new Geometry(extended);
  geometry.setWord(1, geometry.word(1) | sridFlag);
  geometry.setWord(5, srid);
  return extended;
}

/** With the first two coordinates of every point exchanged. Throws `data.value` for a curve, a surface, and bytes that are no geometry. */
export function withSwappedCoordinates(wkb: Buffer): Buffer {
  const swapped = Buffer.from(wkb);
  return swapped.subarray(0, new Geometry(swapped).swap());
}

class Geometry {
  readonly #bytes: Buffer;
  #at = 0;
  #isLittle: boolean;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#isLittle = bytes[0] === 1;
  }

  word(at: number): number {
    if (at + 4 > this.#bytes.length) throw unreadable('it ends early');
    return this.#isLittle ? this.#bytes.readUInt32LE(at) : this.#bytes.readUInt32BE(at);
  }

  setWord(at: number, value: number): void {
    if (this.#isLittle) this.#bytes.writeUInt32LE(value >>> 0, at);
    else this.#bytes.writeUInt32BE(value >>> 0, at);
  }

  /** In place, of the geometry at the current position; where it ends. */
  swap(): number {
    this.#isLittle = this.#bytes[this.#at] === 1;
    this.#at += 1;
    const type = this.#next();
    const dimensions = 2 + ((type & zFlag) === 0 ? 0 : 1) + ((type & mFlag) === 0 ? 0 : 1);
    if ((type & sridFlag) !== 0) this.#at += 4;
    switch (type & 0xff) {
      case 1:
        this.#swapPoints(1, dimensions);
        break;
      case 2:
        this.#swapPoints(this.#next(), dimensions);
        break;
      case 3:
        for (let rings = this.#next(); rings > 0; rings -= 1) this.#swapPoints(this.#next(), dimensions);
        break;
      case 4:
      case 5:
      case 6:
      case 7:
        for (let parts = this.#next(); parts > 0; parts -= 1) this.swap();
        break;
      default:
        throw unreadable(`it is of type ${type & 0xff}, and only points, lines, polygons and collections of them can be`);
    }
    return this.#at;
  }

  #next(): number {
    this.#at += 4;
    return this.word(this.#at - 4);
  }

  #swapPoints(count: number, dimensions: number): void {
    const bytes = this.#bytes;
    const end = this.#at + count * dimensions * 8;
    if (end > bytes.length) throw unreadable('it ends early');
    for (; this.#at < end; this.#at += dimensions * 8) {
      const x = bytes.readBigUInt64LE(this.#at);
      bytes.copyWithin(this.#at, this.#at + 8, this.#at + 16);
      bytes.writeBigUInt64LE(x, this.#at + 8);
    }
  }
}

function unreadable(reason: string): ConnectError {
  return new ConnectError('data.value', `The coordinates of a geometry cannot be swapped: ${reason}.`, {
    remedy: 'Correct the row, or keep its SRID out of "srids".',
  });
}
