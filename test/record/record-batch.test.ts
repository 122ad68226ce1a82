import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { RecordBatch } from '../../src/record/record-batch.ts';

import { readRawBatch } from '../support/memory-sink.ts';

/** Writes as the outlet does: with guessed lengths, and when the arena was too small grows it and writes that record again. */
class Writing {
  readonly batch: RecordBatch;
  #keyWidth = 1;
  #valueWidth = 2;

  constructor(batch: RecordBatch) {
    this.batch = batch;
  }

  add(key: Uint8Array, value: Uint8Array): void {
    const { out } = this.batch;
    const start = out.at;
    this.#write(key, value);
    if (out.overflowed) {
      const size = out.at;
      this.batch.rollback(start);
      this.batch.grow(size, start);
      this.#write(key, value);
      assert.equal(out.at, size, 'the size that was found missing is the size that is needed');
    }
    const keyStart = start + this.#keyWidth;
    this.batch.append(this.batch.topicIndex('t'), start, keyStart, keyStart + key.length, 0);
  }

  #write(key: Uint8Array, value: Uint8Array): void {
    const { out } = this.batch;
    const start = out.at;
    out.at += this.#keyWidth;
    out.copy(key, 0, key.length);
    this.#keyWidth = out.closeLength(start, this.#keyWidth);
    const valueAt = out.at;
    out.at += this.#valueWidth;
    out.copy(value, 0, value.length);
    this.#valueWidth = out.closeLength(valueAt, this.#valueWidth);
    out.byte(0);
  }
}

const part = fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.uint8Array({ minLength: 8_180, maxLength: 8_210 }));

test('every record keeps its bytes while the arena and the arrays grow, whatever lengths were guessed, and after a reset', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(part, part), { maxLength: 60 }), fc.integer({ min: 1, max: 512 }), (records, arenaBytesMax) => {
      const batch = new RecordBatch({ recordsMax: 4, arenaBytesMax });
      const writing = new Writing(batch);
      for (const pass of [1, 2]) {
        for (const [key, value] of records) writing.add(key, value);
        const read = readRawBatch(batch);
        assert.equal(read.length, records.length, `pass ${pass}`);
        records.forEach(([key, value], index) => {
          assert.deepEqual(read[index]?.key, Buffer.from(key));
          assert.deepEqual(read[index]?.value, Buffer.from(value));
        });
        batch.reset();
        assert.equal(batch.bytes, 0);
      }
    }),
  );
});

test('records whose parts are there already are the same as written ones, null included', () => {
  const batch = new RecordBatch({ recordsMax: 4, arenaBytesMax: 16 });
  const headers = Buffer.from([2, 2, 0x61, 1]);
  batch.add(batch.topicIndex('t'), null, Buffer.alloc(100_000, 7), headers, 5);
  batch.add(batch.topicIndex('u'), Buffer.from('k'), null, null, 6);
  const [first, second] = readRawBatch(batch);
  assert.deepEqual(first, { topic: 't', key: null, value: Buffer.alloc(100_000, 7), headers: { a: null }, timestampMs: 5 });
  assert.deepEqual(second, { topic: 'u', key: Buffer.from('k'), value: null, headers: {}, timestampMs: 6 });
});

test('a batch takes more when more topics share it, up to the bound', () => {
  const limits = { recordsMax: 100, arenaBytesMax: 200_000, fewTopicsBytesMax: 1_000 };
  const takes = (topics: number): number => {
    const batch = new RecordBatch(limits);
    for (let topic = 0; topic < topics; topic += 1) batch.topicIndex(`t${topic}`);
    while (!batch.full) batch.add(0, null, new Uint8Array(10_000), null, 0);
    return Math.floor(batch.bytes / 10_000) * 10_000;
  };
  assert.deepEqual([takes(0), takes(1), takes(2), takes(100)], [10_000, 70_000, 140_000, 200_000]);
});

test('more topics than an index can tell apart are refused, not mixed up', () => {
  const batch = new RecordBatch({ recordsMax: 4, arenaBytesMax: 1024 });
  for (let topic = 0; topic < 65_536; topic += 1) batch.topicIndex(`t${topic}`);
  assert.equal(batch.topicIndex('t65535'), 65_535);
  assert.throws(() => batch.topicIndex('one more'), /"one more" would be the connector's 65537th/);
});

test('one giant record does not keep its room for ever', () => {
  const batch = new RecordBatch({ recordsMax: 16, arenaBytesMax: 1024 });
  batch.add(batch.topicIndex('t'), null, new Uint8Array(1_000_000), null, 0);
  assert.ok(batch.full);
  batch.reset();
  assert.ok(batch.arena.length <= 200_000);
});

test('the arena grows to what a batch can use and not beyond', () => {
  const batch = new RecordBatch({ recordsMax: 1_000_000, arenaBytesMax: 5_000_000 });
  for (let pass = 0; pass < 2; pass += 1) {
    while (!batch.full) batch.add(batch.topicIndex('t'), null, new Uint8Array(300), null, 0);
    assert.ok(batch.bytes >= 5_000_000 && batch.arena.length <= 5_100_000);
    batch.reset();
  }
});
