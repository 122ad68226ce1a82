import { crc32c } from '@node-rs/crc32';
import { ByteSink } from '../../base/byte-sink.ts';
import { ConnectError } from '../../base/errors.ts';
import { copyWords, wordsOf } from '../../base/word-copy.ts';
import type { RecordBatch } from '../../record/record-batch.ts';
import type { Compression } from './compression.ts';
import type { KeyPartitioner } from '../../kafka/partitioner.ts';

/** A topic as the writer needs it, by index into `RecordBatch.topics`. */
export interface TopicTarget {
  readonly name: string;
  readonly partitions: number;
  /** No record batch becomes larger than this (`max.message.bytes`), unless one record alone is. */
  readonly batchBytesMax: number;
}

/** Records of one partition in Kafka's own format, without producer id, epoch and sequence: see `stampProducer`. */
export interface EncodedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: number;
  /** Valid until the writer is used again. */
  readonly bytes: Buffer;
}

const headerBytes = 61;
/** What comes before the part of a record that the arena holds, at its longest: length, attributes, timestamp and offset deltas. */
const recordOverheadMax = 5 + 1 + 10 + 5;
const transactionalBit = 0x10;

/**
 * Turns a batch's records into Kafka record batches: one counting sort by partition, then one pass that writes the few
 * bytes which depend on a record's place and copies the rest in one piece. Buffers are reused from call to call; per
 * record no object is made.
 *
 *   RecordBatch => base_offset:8 length:4 leader_epoch:4 magic:1 crc:4 attributes:2 last_offset_delta:4 base_timestamp:8
 *     max_timestamp:8 producer_id:8 producer_epoch:2 base_sequence:4 count:4 [records]
 *   Record => length:varint attributes:1 timestamp_delta:varlong offset_delta:varint key:varbytes value:varbytes headers
 */
export class RecordBatchWriter {
  readonly #partitioner: KeyPartitioner;
  readonly #compression: Compression;
  readonly #attributes: number;
  readonly #out = new ByteSink(Buffer.allocUnsafeSlow(64 * 1024));
  #words = wordsOf(this.#out.bytes);
  /** Record index by rank after the sort, slot by record index, then the end of each slot's run of ranks. */
  #order = new Int32Array(1024);
  #slot = new Int32Array(1024);
  #slotEnd = new Int32Array(16);
  #keylessTurn = 0;

  constructor(partitioner: KeyPartitioner, compression: Compression, transactional: boolean) {
    this.#partitioner = partitioner;
    this.#compression = compression;
    this.#attributes = compression.attribute | (transactional ? transactionalBit : 0);
  }

  /**
   * Every record batch in order within its partition. Records without a key share one partition per call, another one each
   * call. Rejects with `config.invalid` when a transform chose a partition that the topic does not have.
   */
  async encode(batch: RecordBatch, topics: readonly TopicTarget[]): Promise<EncodedBatch[]> {
    const encoded: EncodedBatch[] = [];
    this.#sort(batch, topics);
    this.#out.at = 0;
    this.#reserve(
      batch.bytes + batch.length * recordOverheadMax + this.#batchesMax(batch, topics) * headerBytes,
      batch.arena.length + batch.limits.recordsMax * recordOverheadMax,
    );
    const words = wordsOf(batch.arena);
    let rank = 0;
    let slot = 0;
    for (const target of topics) {
      for (let partition = 0; partition < target.partitions; partition += 1, slot += 1) {
        const slotEnd = this.#slotEnd[slot] as number;
        while (rank < slotEnd) {
          const start = this.#out.at;
          const cut = this.#write(batch, words, rank, slotEnd, target.batchBytesMax);
          const bytes = this.#out.bytes.subarray(start, this.#out.at);
          encoded.push({ topic: target.name, partition, records: cut - rank, bytes: await this.#finish(bytes) });
          rank = cut;
        }
      }
    }
    return encoded;
  }

  /**
   * Counting sort: `#order` lists record indexes by slot, a slot being a partition of a topic. It is stable, so records of a
   * key stay in the order in which the source emitted them (invariant 3).
   */
  #sort(batch: RecordBatch, topics: readonly TopicTarget[]): void {
    const records = batch.length;
    const slots = topics.reduce((sum, topic) => sum + topic.partitions, 0);
    if (this.#order.length < records) {
      this.#order = new Int32Array(records * 2);
      this.#slot = new Int32Array(records * 2);
    }
    if (this.#slotEnd.length < slots) this.#slotEnd = new Int32Array(slots * 2);
    this.#keylessTurn += 1;
    const firstSlot = new Int32Array(topics.length);
    const partitions = Int32Array.from(topics, (topic) => topic.partitions);
    const keyless = Int32Array.from(topics, (topic) => this.#keylessTurn % topic.partitions);
    for (let topic = 1; topic < topics.length; topic += 1) {
      firstSlot[topic] = (firstSlot[topic - 1] as number) + (partitions[topic - 1] as number);
    }
    const { arena, topic: topicOf, keyStart, keyEnd, partition: chosen } = batch;
    const [order, slotOf, slotEnd] = [this.#order, this.#slot, this.#slotEnd];
    slotEnd.fill(0, 0, slots);
    for (let record = 0; record < records; record += 1) {
      const topic = topicOf[record] as number;
      const start = keyStart[record] as number;
      let partition = chosen === null ? -1 : (chosen[record] as number);
      if (partition >= (partitions[topic] as number)) throw noSuchPartition(topics[topic] as TopicTarget, partition);
      if (partition < 0) {
        partition =
          start < 0 ? (keyless[topic] as number) : this.#partitioner(arena, start, keyEnd[record] as number, partitions[topic] as number);
      }
      const slot = (firstSlot[topic] as number) + partition;
      slotOf[record] = slot;
      slotEnd[slot] = (slotEnd[slot] as number) + 1;
    }
    for (let slot = 1; slot < slots; slot += 1) slotEnd[slot] = (slotEnd[slot] as number) + (slotEnd[slot - 1] as number);
    // Filling from the back turns each end into its slot's start; the second loop turns them into ends again.
    for (let record = records - 1; record >= 0; record -= 1) {
      const slot = slotOf[record] as number;
      const rank = (slotEnd[slot] as number) - 1;
      slotEnd[slot] = rank;
      order[rank] = record;
    }
    for (let slot = 0; slot < slots; slot += 1) slotEnd[slot] = slot + 1 < slots ? (slotEnd[slot + 1] as number) : records;
  }

  /** No batch is empty, and where one ends before its partition does, that and the next together are beyond the limit. */
  #batchesMax(batch: RecordBatch, topics: readonly TopicTarget[]): number {
    let partitions = 0;
    let smallest = Number.POSITIVE_INFINITY;
    for (const topic of topics) {
      partitions += topic.partitions;
      smallest = Math.min(smallest, topic.batchBytesMax);
    }
    const bytes = batch.bytes + batch.length * (recordOverheadMax + headerBytes);
    return Math.min(batch.length, partitions + Math.ceil((2 * bytes) / smallest));
  }

  /** `room`: what a batch with an arena like this one may need. It takes no memory before it is written to. */
  #reserve(bytes: number, room: number): void {
    if (this.#out.bytes.length >= bytes) return;
    this.#out.bytes = Buffer.allocUnsafeSlow(Math.max(bytes, room));
    this.#words = wordsOf(this.#out.bytes);
  }

  /** One record batch that begins with rank `from`; answers the rank after the last record that still fitted into it. */
  #write(batch: RecordBatch, words: DataView, from: number, end: number, bytesMax: number): number {
    const out = this.#out;
    const { arena, start, timestampMs } = batch;
    const order = this.#order;
    const startAt = out.at;
    const baseTimestampMs = timestampMs[order[from] as number] as number;
    let maxTimestampMs = baseTimestampMs;
    out.at = startAt + headerBytes;
    let rank = from;
    for (; rank < end; rank += 1) {
      const record = order[rank] as number;
      const recordStart = start[record] as number;
      const size = (start[record + 1] as number) - recordStart;
      const timestampDelta = (timestampMs[record] as number) - baseTimestampMs;
      const body = 1 + varlongBytes(timestampDelta) + varintBytes(rank - from) + size;
      if (out.at - startAt + varintBytes(body) + body > bytesMax && rank > from) break;
      if (timestampDelta > maxTimestampMs - baseTimestampMs) maxTimestampMs = baseTimestampMs + timestampDelta;
      out.int(body);
      out.byte(0);
      if (timestampDelta >= 0 && timestampDelta < 0x4000_0000) out.varint(timestampDelta * 2);
      else out.long(Math.floor(timestampDelta / 0x1_0000_0000), timestampDelta | 0);
      out.varint((rank - from) * 2);
      copyWords(this.#words, out.bytes, out.at, words, arena, recordStart, size);
      out.at += size;
    }
    this.#writeHeader(startAt, rank - from, baseTimestampMs, maxTimestampMs);
    return rank;
  }

  #writeHeader(startAt: number, records: number, baseTimestampMs: number, maxTimestampMs: number): void {
    const bytes = this.#out.bytes;
    bytes.fill(0, startAt, startAt + 8);
    bytes.writeInt32BE(-1, startAt + 12);
    bytes[startAt + 16] = 2;
    bytes.writeInt16BE(this.#attributes, startAt + 21);
    bytes.writeInt32BE(records - 1, startAt + 23);
    writeLong(bytes, baseTimestampMs, startAt + 27);
    writeLong(bytes, maxTimestampMs, startAt + 35);
    bytes.writeInt32BE(records, startAt + 57);
  }

  async #finish(bytes: Buffer): Promise<Buffer> {
    const compress = this.#compression.compress;
    let finished = bytes;
    if (compress !== null) finished = Buffer.concat([bytes.subarray(0, headerBytes), await compress(bytes.subarray(headerBytes))]);
    finished.writeInt32BE(finished.length - 12, 8);
    return finished;
  }
}

/** Makes the batch the next one of this producer in its partition; again when a new producer sends the same records. */
export function stampProducer(bytes: Buffer, producerId: bigint, epoch: number, baseSequence: number): void {
  bytes.writeBigInt64BE(producerId, 43);
  bytes.writeInt16BE(epoch, 51);
  bytes.writeInt32BE(baseSequence, 53);
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17);
}

function noSuchPartition(topic: TopicTarget, partition: number): ConnectError {
  return new ConnectError(
    'config.invalid',
    `A transform chose partition ${partition} of topic "${topic.name}", which has ${topic.partitions}.`,
    {
      remedy: 'Give the topic more partitions, or set "partition.topic.num" of PartitionRouting to what the topic has.',
    },
  );
}

/** Bytes of a zigzag varint of a length or a delta, which are never negative. */
function varintBytes(value: number): number {
  if (value < 0x40) return 1;
  if (value < 0x2000) return 2;
  if (value < 0x10_0000) return 3;
  return value < 0x800_0000 ? 4 : 5;
}

function varlongBytes(value: number): number {
  if (value >= 0 && value < 0x40) return 1;
  let bytes = 1;
  for (let zigzag = value < 0 ? -2 * value - 1 : 2 * value; zigzag >= 0x80; zigzag = Math.floor(zigzag / 0x80)) bytes += 1;
  return bytes;
}

function writeLong(bytes: Buffer, value: number, at: number): void {
  bytes.writeInt32BE(Math.floor(value / 0x1_0000_0000), at);
  bytes.writeInt32BE(value | 0, at + 4);
}
