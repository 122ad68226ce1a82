import { compareHalves, formatLsn, highHalf, lowHalf, lsnFromHalves } from './lsn.ts';
import type { ResumePoint } from './position.ts';

/**
 * Where the stream is: the end of the last complete transaction, and in a transaction how many of its messages have
 * been handed over. Per row nothing but integers moves.
 *
 * pgoutput brings transactions whole and in commit order, each one the same at every replay. So "skip the first N
 * messages of the transaction that commits at X" is an exact resume without any search, although many rows share an LSN.
 */
export class StreamPosition {
  /** End of everything complete; the stream resumes here. */
  #doneHigh = 0;
  #doneLow = 0;
  /** End of the last transaction that was seen to commit; what a change's `sequence` starts with. */
  #lastCommitHigh = 0;
  #lastCommitLow = 0;
  /** Start of the commit record of the transaction in progress, known from its BEGIN. */
  #finalHigh = 0;
  #finalLow = 0;
  #eventHigh = 0;
  #eventLow = 0;
  #xid = 0;
  #commitMicros = 0;
  #inTransaction = false;
  /** Messages of the transaction in progress that are complete, and changes made of the next one. */
  #ordinal = 0;
  #part = 0;
  #messageType = '';
  /** The transaction in progress lies before the resume point: all of it was delivered. A server that begins where it is asked to sends none. */
  #skipAll = false;
  #skipOrdinals = 0;
  #skipParts = 0;
  readonly #resume: ResumePoint;
  readonly #marks: boolean;
  /** The transaction that was interrupted has not come again yet. */
  #resumePending: boolean;
  #changesSinceBoundary = 0;
  #version = 1;

  /** `marks`: begin and end of a transaction are messages of it, too, because they are recorded. */
  constructor(resume: ResumePoint, marks = false) {
    this.#resume = resume;
    this.#marks = marks;
    this.#resumePending = resume.lsnFinal !== null;
    this.#doneHigh = highHalf(resume.lsnCommit);
    this.#doneLow = lowHalf(resume.lsnCommit);
    this.#lastCommitHigh = highHalf(resume.lastCommit ?? 0n);
    this.#lastCommitLow = lowHalf(resume.lastCommit ?? 0n);
    this.#xid = resume.xid ?? 0;
    this.#commitMicros = resume.commitMicros ?? 0;
  }

  get inTransaction(): boolean {
    return this.#inTransaction;
  }

  /** The current message was complete before a restart. */
  get replaying(): boolean {
    return this.#skipAll || this.#ordinal < this.#skipOrdinals;
  }

  /** Grows whenever an offset taken now would differ from one taken before. */
  get version(): number {
    return this.#version;
  }

  get commitMicros(): number {
    return this.#commitMicros;
  }

  get xid(): number {
    return this.#xid;
  }

  get lastCommitHigh(): number {
    return this.#lastCommitHigh;
  }

  get lastCommitLow(): number {
    return this.#lastCommitLow;
  }

  get done(): bigint {
    return lsnFromHalves(this.#doneHigh, this.#doneLow);
  }

  /** Where the transaction in progress commits, or else the end of what is complete. */
  get reached(): bigint {
    return this.#inTransaction ? lsnFromHalves(this.#finalHigh, this.#finalLow) : this.done;
  }

  begin(finalHigh: number, finalLow: number, commitMicros: number, xid: number): void {
    this.#inTransaction = true;
    this.#finalHigh = finalHigh;
    this.#finalLow = finalLow;
    this.#commitMicros = commitMicros;
    this.#xid = xid;
    this.#ordinal = 0;
    this.#part = 0;
    // Compared with the start of the commit record: complete means that it starts before the end of what is done.
    this.#skipAll = compareHalves(finalHigh, finalLow, this.#doneHigh, this.#doneLow) < 0;
    const { lsnFinal } = this.#resume;
    const toGo = lsnFinal === null ? -1 : compareHalves(finalHigh, finalLow, highHalf(lsnFinal), lowHalf(lsnFinal));
    const resumed = this.#resumePending && toGo === 0;
    this.#skipOrdinals = resumed ? Math.max(0, this.#resume.ordinal + Number(this.#marks) - Number(this.#resume.marked)) : 0;
    this.#skipParts = resumed ? this.#resume.part : 0;
    // A transaction behind the interrupted one means that the publication no longer brings any of it.
    if (toGo >= 0) this.#resumePending = false;
  }

  /** A message of the transaction starts. */
  message(type: string, high: number, low: number): void {
    this.#messageType = type;
    this.#eventHigh = high;
    this.#eventLow = low;
    this.#part = 0;
  }

  /** One more change of the current message: true when it has to be handed over, false when that was done before a restart. */
  admit(): boolean {
    const delivered = this.#skipAll || this.#ordinal < this.#skipOrdinals;
    if (!delivered && (this.#ordinal > this.#skipOrdinals || this.#part >= this.#skipParts)) return true;
    this.#part += 1;
    return false;
  }

  /** The change that was admitted has been handed over; one that was refused is not counted. */
  handedOver(): void {
    this.#part += 1;
    this.#changesSinceBoundary += 1;
    this.#version += 1;
  }

  /** A message outside transactions counts as a commit where a change's `sequence` tells the last one. */
  messageOutside(high: number, low: number): void {
    this.message('MESSAGE', high, low);
    this.#lastCommitHigh = high;
    this.#lastCommitLow = low;
  }

  messageDone(): void {
    if (!this.#inTransaction) return;
    this.#ordinal += 1;
    this.#part = 0;
  }

  /** The transaction is complete. True: it brought changes, so that its end is a boundary worth storing at once. */
  commit(endHigh: number, endLow: number): boolean {
    this.#inTransaction = false;
    this.#skipAll = false;
    this.#ordinal = 0;
    this.#part = 0;
    this.#skipOrdinals = 0;
    this.#skipParts = 0;
    if (compareHalves(endHigh, endLow, this.#doneHigh, this.#doneLow) > 0) {
      this.#doneHigh = endHigh;
      this.#doneLow = endLow;
      this.#lastCommitHigh = endHigh;
      this.#lastCommitLow = endLow;
      this.#eventHigh = endHigh;
      this.#eventLow = endLow;
      this.#version += 1;
    }
    return this.#changesSinceBoundary > 0;
  }

  boundaryDone(): void {
    this.#changesSinceBoundary = 0;
  }

  /** Something outside a transaction that ends here was handed over before. */
  isDone(high: number, low: number): boolean {
    return compareHalves(high, low, this.#doneHigh, this.#doneLow) <= 0;
  }

  /** The server has sent everything before this and nothing is pending: true when that is news. */
  idle(high: number, low: number): boolean {
    if (this.#inTransaction || compareHalves(high, low, this.#doneHigh, this.#doneLow) <= 0) return false;
    this.#doneHigh = high;
    this.#doneLow = low;
    this.#version += 1;
    return true;
  }

  /** The position as it is stored; allocates, hence once per batch. */
  snapshot(): ResumePoint {
    const point = {
      lsnCommit: this.done,
      lastCommit: lsnFromHalves(this.#lastCommitHigh, this.#lastCommitLow) || null,
      lsn: lsnFromHalves(this.#eventHigh, this.#eventLow) || this.done,
      xid: this.#xid === 0 ? null : this.#xid,
      commitMicros: this.#commitMicros === 0 ? null : this.#commitMicros,
      messageType: this.#messageType === '' ? null : this.#messageType,
      marked: this.#marks,
    };
    if (this.#resumePending) {
      const { lsnFinal, ordinal, part, marked } = this.#resume;
      return { ...point, lsnFinal, ordinal, part, marked };
    }
    const skipping = this.#ordinal < this.#skipOrdinals || (this.#ordinal === this.#skipOrdinals && this.#part < this.#skipParts);
    const ordinal = skipping ? this.#skipOrdinals : this.#ordinal;
    const part = skipping ? this.#skipParts : this.#part;
    if (!this.#inTransaction || this.#skipAll || (ordinal === 0 && part === 0))
      return { ...point, lsnFinal: null, ordinal: 0, part: 0, marked: false };
    return { ...point, lsnFinal: lsnFromHalves(this.#finalHigh, this.#finalLow), ordinal, part };
  }

  /** Names where a change is, for a person. */
  locate(): string {
    const transaction = this.#inTransaction ? `, transaction ${this.#xid}` : '';
    return `lsn ${formatLsn(lsnFromHalves(this.#eventHigh, this.#eventLow))}${transaction}`;
  }
}
