/** The longest start of a message that is looked at: its own header, the header of XLogData, and the tag of the change. */
const headBytes = 5 + 25 + 1;

/** Walks over Postgres' messages as they arrive in chunks, and counts CopyData: the rows of a COPY, or the changed rows in a stream. */
export class FrameCounter {
  rows = 0;
  bytes = 0;
  readonly #replication: boolean;
  readonly #head = Buffer.alloc(headBytes);
  #headLength = 0;
  /** Bytes of the current message that are still to come and not looked at. */
  #skip = 0;
  #lastHigh = 0;
  #lastLow = 0;

  constructor(replication: boolean) {
    this.#replication = replication;
  }

  read(chunk: Buffer, length: number): void {
    this.bytes += length;
    let at = 0;
    while (at < length) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, length - at);
        this.#skip -= skipped;
        at += skipped;
        continue;
      }
      // The usual case: the message's start lies whole in the chunk.
      if (this.#headLength === 0 && length - at >= headBytes) {
        this.#count(chunk, at);
        this.#skip = 1 + chunk.readInt32BE(at + 1);
        continue;
      }
      const wanted = this.#headLength < 5 ? 5 : Math.min(headBytes, 1 + this.#head.readInt32BE(1));
      const taken = Math.min(wanted - this.#headLength, length - at);
      chunk.copy(this.#head, this.#headLength, at, at + taken);
      this.#headLength += taken;
      at += taken;
      if (this.#headLength < 5 || this.#headLength < Math.min(headBytes, 1 + this.#head.readInt32BE(1))) continue;
      this.#count(this.#head, 0);
      this.#skip = 1 + this.#head.readInt32BE(1) - this.#headLength;
      this.#headLength = 0;
    }
  }

  /** Standby status update: everything that came is confirmed, since nothing is to be kept. */
  status(): Buffer {
    const message = Buffer.alloc(1 + 4 + 34);
    message[0] = 0x64;
    message.writeInt32BE(38, 1);
    message[5] = 0x72;
    for (let at = 6; at < 30; at += 8) {
      message.writeUInt32BE(this.#lastHigh, at);
      message.writeUInt32BE(this.#lastLow, at + 4);
    }
    return message;
  }

  #count(bytes: Buffer, at: number): void {
    const tag = bytes[at];
    if (tag === 0x45) throw new Error('Postgres ended the stream with an error');
    if (tag !== 0x64) return;
    if (!this.#replication) this.rows += 1;
    else if (bytes[at + 5] === 0x77) {
      const kind = bytes[at + 30];
      // Insert, Update, Delete.
      if (kind === 0x49 || kind === 0x55 || kind === 0x44) this.rows += 1;
      this.#lastHigh = bytes.readUInt32BE(at + 6);
      this.#lastLow = bytes.readUInt32BE(at + 10);
    } else if (bytes[at + 5] === 0x6b) {
      this.#lastHigh = bytes.readUInt32BE(at + 6);
      this.#lastLow = bytes.readUInt32BE(at + 10);
    }
  }
}
