import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FrameReader, heldBytesMax, type FrameHandler } from '../../../src/sources/postgres/frame-reader.ts';
import { concat, copyData, int32 } from '../../support/wal-script.ts';

/** Remembers what was told, as text. `stop…` frames close the reader. */
class Recorder implements FrameHandler {
  readonly reader = new FrameReader(this);
  readonly frames: string[] = [];
  readonly others: string[] = [];
  failure: unknown = null;
  closings = 0;

  arrived(bytes: number, room: number): void {
    assert.ok(bytes > 0 && bytes <= room);
  }

  frame(bytes: Buffer, start: number, end: number): boolean {
    const text = bytes.toString('latin1', start, end);
    this.frames.push(text.length > 100 ? `${text.slice(0, 3)}… ${text.length}` : text);
    return !text.startsWith('stop');
  }

  other(message: Buffer): void {
    this.others.push(message.toString('latin1'));
  }

  closed(): void {
    this.closings += 1;
  }

  failed(error: unknown): void {
    this.failure = error;
  }

  /** As a socket does: reads into the room there is. */
  read(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      const room = this.reader.room();
      const copied = bytes.copy(room, 0, at);
      at += copied;
      this.reader.filled(copied);
      // What is not handled yet may not depend on the reader's room staying untouched.
      this.reader.room().fill(0xee);
    }
  }
}

const frames = (...texts: readonly string[]): Buffer => copyData(texts.map((text) => Buffer.from(text)));

test('whatever the reads are, messages come whole and in order', () => {
  const notice = concat('N', int32(4 + 7), 'a notic');
  const long = 'x'.repeat(5000);
  const bytes = Buffer.concat([frames('one', 'two', ''), notice, frames(long, 'last')]);
  for (const size of [1, 2, 3, 5, 7, 4096, bytes.length]) {
    const recorder = new Recorder();
    for (let at = 0; at < bytes.length; at += size) recorder.read(bytes.subarray(at, at + size));
    assert.deepEqual([recorder.frames, recorder.others], [['one', 'two', '', 'xxx… 5000', 'last'], [notice.toString('latin1')]]);
    assert.equal(recorder.failure, null);
  }
});

test('a message larger than the buffer gets its room, and the room is given back', () => {
  const recorder = new Recorder();
  const size = 3 * 1024 * 1024;
  recorder.read(Buffer.concat([frames('small', 'y'.repeat(size), 'after')]));
  assert.deepEqual(recorder.frames, ['small', `yyy… ${size}`, 'after']);
  recorder.read(frames('small again'));
  assert.ok(recorder.reader.room().length < 1024 * 1024);
});

test('closed, it keeps what came, whatever is read behind it, and goes on in order', () => {
  const recorder = new Recorder();
  recorder.read(frames('one', 'stop1', 'two', 'stop2', 'three'));
  recorder.read(frames('four'));
  assert.deepEqual([recorder.frames, recorder.reader.closed, recorder.closings], [['one', 'stop1'], true, 1]);
  assert.equal(recorder.reader.open(), false);
  assert.deepEqual(recorder.frames, ['one', 'stop1', 'two', 'stop2']);
  assert.equal(recorder.reader.open(), true);
  assert.deepEqual(recorder.frames.slice(4), ['three', 'four']);
  recorder.reader.stop();
  recorder.read(frames('five'));
  assert.equal(recorder.frames.length, 6);
});

test('a pause that does not work is noticed instead of filling the memory', () => {
  const recorder = new Recorder();
  recorder.read(frames('stop'));
  const chunk = frames('z'.repeat(1024 * 1024));
  for (let read = 0; read <= heldBytesMax && recorder.failure === null; read += chunk.length) recorder.reader.append(chunk);
  assert.match(String(recorder.failure), /went on delivering/);
});

test('garbage is an error, not a wait for a gigabyte', () => {
  for (const bytes of [concat('d', int32(3)), concat('d', int32(-1)), concat('d', int32(0x4000_0001)), concat('H', int32(0x2000_0000))]) {
    const recorder = new Recorder();
    recorder.read(bytes);
    assert.match(String(recorder.failure), /malformed/);
  }
});
