/**
 * Which transactions a database snapshot saw, as `pg_current_snapshot()` tells: `xmin:xmax:xip,…`. Transaction ids of
 * the stream have 32 bits and are compared modulo 2^32, as the server does.
 */
export class TransactionView {
  readonly xmin: number;
  readonly xmax: number;
  readonly #running: ReadonlySet<number>;

  constructor(text: string) {
    const [xmin = '', xmax = '', running = ''] = text.split(':');
    this.xmin = low32(xmin);
    this.xmax = low32(xmax);
    this.#running = new Set(running === '' ? [] : running.split(',').map(low32));
  }

  /** `xid`: a transaction that committed, by its top-level id, 32 bits without sign. */
  sees(xid: number): boolean {
    if (((xid - this.xmax) | 0) >= 0) return false;
    return ((xid - this.xmin) | 0) < 0 || !this.#running.has(xid);
  }

  /** False: `sees` is certain, for ids of subtransactions, too, which the list of running ones leaves out. */
  isRecent(xid: number): boolean {
    return ((xid - this.xmin) | 0) >= 0 && ((xid - this.xmax) | 0) < 0;
  }
}

function low32(text: string): number {
  return Number(BigInt.asUintN(32, BigInt(text)));
}
