import { ConnectError } from '../../base/errors.ts';

/** Reads one borrowed frame; every step is checked against its end, so that a malformed frame is an error and not a guess. */
export class FrameCursor {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;

  reset(bytes: Uint8Array, at: number, end: number): void {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get rest(): number {
    return this.end - this.at;
  }

  uint8(): number {
    const at = this.advance(1);
    return this.bytes[at] as number;
  }

  uint16(): number {
    const at = this.advance(2);
    const bytes = this.bytes;
    return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  }

  int32(): number {
    const at = this.advance(4);
    const bytes = this.bytes;
    return ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  /** Text up to a zero byte; shape time only. */
  text(): string {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0 || end >= this.end) throw malformed('a text without end');
    const text = Buffer.from(this.bytes.buffer, this.bytes.byteOffset + this.at, end - this.at).toString('utf8');
    this.at = end + 1;
    return text;
  }

  /** Steps over `length` bytes and answers where they start. */
  advance(length: number): number {
    const at = this.at;
    if (length < 0 || length > this.end - at) throw malformed(`${length} bytes announced, ${this.end - at} left`);
    this.at = at + length;
    return at;
  }
}

export function malformed(reason: string): ConnectError {
  return new ConnectError('postgres.protocol', `The replication stream is malformed: ${reason}.`, {
    remedy: 'Make sure that nothing between Millrace and Postgres alters the stream, then restart the connector.',
  });
}
