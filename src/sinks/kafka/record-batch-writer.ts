import { crc32c } from '@platformatic/kafka';
import { ByteSink } from '../../base/byte-sink.ts';
import type { RecordBatch } from '../../record/record-batch.ts';
import type { Compression } from './compression.ts';
import type { KeyPartitioner } from './partitioner.ts';

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
/** Length, attributes, timestamp and offset deltas, key, value and header lengths at their longest. */
const recordOverheadMax = 5 + 1 + 10 + 5 + 5 + 5 + 1;
const transactionalBit = 0x10;

/**
 * Turns a batch's arena ranges into Kafka record batches: one counting sort by partition, then one pass that copies
 * every key, header and value once. Buffers are reused from call to call; per record no object is made.
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

  /** Every record batch in order within its partition. Records without a key share one partition per call, another one each call. */
  async encode(batch: RecordBatch, topics: readonly TopicTarget[]): Promise<EncodedBatch[]> {
    const encoded: EncodedBatch[] = [];
    this.#sort(batch, topics);
    this.#out.at = 0;
    this.#reserve(batch.bytes + batch.length * (recordOverheadMax + headerBytes));
    let rank = 0;
    let slot = 0;
    for (const target of topics) {
      for (let partition = 0; partition < target.partitions; partition += 1, slot += 1) {
        const slotEnd = this.#slotEnd[slot] as number;
        while (rank < slotEnd) {
          const cut = this.#cut(batch, rank, slotEnd, target.batchBytesMax);
          const bytes = this.#write(batch, rank, cut);
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
    const { arena, topic: topicOf, keyStart, keyEnd } = batch;
    const [order, slotOf, slotEnd] = [this.#order, this.#slot, this.#slotEnd];
    slotEnd.fill(0, 0, slots);
    for (let record = 0; record < records; record += 1) {
      const topic = topicOf[record] as number;
      const start = keyStart[record] as number;
      const partition =
        start < 0 ? (keyless[topic] as number) : this.#partitioner(arena, start, keyEnd[record] as number, partitions[topic] as number);
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

  #reserve(bytes: number): void {
    if (this.#out.bytes.length < bytes) this.#out.bytes = Buffer.allocUnsafeSlow(Math.ceil(bytes * 1.25));
  }

  /** The rank after the last record that still fits into a record batch that begins with `rank`. */
  #cut(batch: RecordBatch, rank: number, end: number, bytesMax: number): number {
    const order = this.#order;
    const baseTimestampMs = batch.timestampMs[order[rank] as number] as number;
    let bytes = headerBytes;
    let cut = rank;
    for (; cut < end; cut += 1) {
      const record = order[cut] as number;
      const body = bodyBytes(batch, record, cut - rank, (batch.timestampMs[record] as number) - baseTimestampMs);
      bytes += varintBytes(body) + body;
      if (bytes > bytesMax && cut > rank) break;
    }
    return cut;
  }

  #write(batch: RecordBatch, from: number, to: number): Buffer {
    const out = this.#out;
    const order = this.#order;
    const start = out.at;
    const baseTimestampMs = batch.timestampMs[order[from] as number] as number;
    let maxTimestampMs = baseTimestampMs;
    out.at = start + headerBytes;
    for (let rank = from; rank < to; rank += 1) {
      const record = order[rank] as number;
      const timestampMs = batch.timestampMs[record] as number;
      if (timestampMs > maxTimestampMs) maxTimestampMs = timestampMs;
      writeRecord(out, batch, record, rank - from, timestampMs - baseTimestampMs);
    }
    const bytes = out.bytes.subarray(start, out.at);
    bytes.fill(0, 0, 8);
    bytes.writeInt32BE(-1, 12);
    bytes[16] = 2;
    bytes.writeInt16BE(this.#attributes, 21);
    bytes.writeInt32BE(to - from - 1, 23);
    writeLong(bytes, baseTimestampMs, 27);
    writeLong(bytes, maxTimestampMs, 35);
    bytes.writeInt32BE(to - from, 57);
    return bytes;
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

function writeRecord(out: ByteSink, batch: RecordBatch, record: number, offsetDelta: number, timestampDelta: number): void {
  const arena = batch.arena;
  out.int(bodyBytes(batch, record, offsetDelta, timestampDelta));
  out.byte(0);
  out.long(Math.floor(timestampDelta / 0x1_0000_0000), timestampDelta | 0);
  out.int(offsetDelta);
  const keyStart = batch.keyStart[record] as number;
  const keyEnd = batch.keyEnd[record] as number;
  if (keyStart < 0) out.int(-1);
  else {
    out.int(keyEnd - keyStart);
    out.copy(arena, keyStart, keyEnd);
  }
  const valueStart = batch.valueStart[record] as number;
  const valueEnd = batch.valueEnd[record] as number;
  if (valueStart < 0) out.int(-1);
  else {
    out.int(valueEnd - valueStart);
    out.copy(arena, valueStart, valueEnd);
  }
  const headersStart = batch.headersStart[record] as number;
  const headersEnd = batch.headersEnd[record] as number;
  if (headersEnd > headersStart) out.copy(arena, headersStart, headersEnd);
  else out.byte(0);
}

/** The size of a record after its length. */
function bodyBytes(batch: RecordBatch, record: number, offsetDelta: number, timestampDelta: number): number {
  const keyStart = batch.keyStart[record] as number;
  const valueStart = batch.valueStart[record] as number;
  const key = keyStart < 0 ? 0 : (batch.keyEnd[record] as number) - keyStart;
  const value = valueStart < 0 ? 0 : (batch.valueEnd[record] as number) - valueStart;
  const headers = (batch.headersEnd[record] as number) - (batch.headersStart[record] as number);
  return (
    1 +
    varlongBytes(timestampDelta) +
    varintBytes(offsetDelta) +
    (keyStart < 0 ? 1 : varintBytes(key) + key) +
    (valueStart < 0 ? 1 : varintBytes(value) + value) +
    (headers > 0 ? headers : 1)
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
  let bytes = 1;
  for (let zigzag = value < 0 ? -2 * value - 1 : 2 * value; zigzag >= 0x80; zigzag = Math.floor(zigzag / 0x80)) bytes += 1;
  return bytes;
}

function writeLong(bytes: Buffer, value: number, at: number): void {
  bytes.writeInt32BE(Math.floor(value / 0x1_0000_0000), at);
  bytes.writeInt32BE(value | 0, at + 4);
}
