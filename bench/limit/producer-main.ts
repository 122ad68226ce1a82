/**
 * Record batches that were made beforehand, sent in transactions as fast as they are taken: what is left when nothing has to be
 * read and encoded. `node producer-main.ts HOST:PORT NAME ROWS BYTES COMMIT_ROWS TOPIC,...`; waits for SIGUSR2 to begin.
 */
import { once } from 'node:events';
import { systemClock } from '../../src/base/clock.ts';
import { Config } from '../../src/connect/config.ts';
import { ClientConfig } from '../../src/kafka/client-config.ts';
import { Cluster } from '../../src/kafka/cluster.ts';
import { RecordBatch } from '../../src/record/record-batch.ts';
import { compressionOf } from '../../src/sinks/kafka/compression.ts';
import { partitionOfKey } from '../../src/kafka/partitioner.ts';
import { ProducerRing } from '../../src/sinks/kafka/producer-ring.ts';
import { RecordBatchWriter } from '../../src/sinks/kafka/record-batch-writer.ts';

const [, , servers = '', name = '', rowsText = '', bytesText = '', commitText = '', topicsText = ''] = process.argv;
const [rows, valueBytes, commitRows] = [Number(rowsText), Number(bytesText), Number(commitText)];
const topics = topicsText.split(',');
/** One for each producer of the ring. */
const warmCommits = 3;
const keyBytes = 12;
const waitMsMax = 60_000;

const cluster = new Cluster(new ClientConfig(Config.of({ 'bootstrap.servers': servers })), systemClock);
await cluster.connect();
await cluster.refresh(topics);
const producers = new ProducerRing(
  cluster,
  { transactionalId: name, timeoutMs: waitMsMax, blockMsMax: waitMsMax },
  { requestBytesMax: 1_048_576, deliveryTimeoutMs: waitMsMax, onBatchTooLarge: () => undefined },
  systemClock,
);
await producers.initialize(AbortSignal.timeout(waitMsMax));
const writer = new RecordBatchWriter(partitionOfKey, compressionOf('none'), true);

async function make(count: number): ReturnType<RecordBatchWriter['encode']> {
  const batch = new RecordBatch();
  for (const topic of topics) batch.topicIndex(topic);
  const [key, value] = [Buffer.alloc(keyBytes, 'k'), Buffer.alloc(valueBytes, 'v')];
  for (let row = 0; row < count; row += 1) batch.add(row % topics.length, key, value, null, Date.now());
  return await writer.encode(
    batch,
    topics.map((topic) => ({ name: topic, partitions: 1, batchBytesMax: 1_048_576 - 100 })),
  );
}

async function send(batches: Awaited<ReturnType<typeof make>>): Promise<void> {
  const { transaction, producer } = producers.next();
  transaction.begin();
  await producer.send(batches);
  await transaction.end(true);
}

let left = rows;
let batches = await make(Math.min(rows, commitRows));
// A broker takes several times as long over the first writes to a partition.
for (let turn = 0; turn < warmCommits; turn += 1) await send(batches);
process.stdout.write('ready\n');
const alive = setInterval(() => undefined, 1000);
await once(process, 'SIGUSR2');
for (; left >= commitRows; left -= commitRows) await send(batches);
if (left > 0) {
  batches = await make(left);
  await send(batches);
}
clearInterval(alive);
await cluster.close();
