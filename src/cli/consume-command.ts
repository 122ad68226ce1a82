import { Command, InvalidArgumentError, Option } from 'commander';
import type { Consumer } from 'kafkajs';
import { systemClock } from '../base/clock.ts';
import { ClientConfig } from '../kafka/client-config.ts';
import { Cluster } from '../kafka/cluster.ts';
import { TopicReader } from '../kafka/topic-reader.ts';
import type { FetchedRecord } from '../kafka/record-batch-reader.ts';
import { asAdmin, connected, kafkaClient, requireTopics } from './kafka-session.ts';
import { RecordText, valueFormats } from './record-text.ts';
import type { ValueFormat } from './record-text.ts';
import { action } from './surroundings.ts';
import type { Surroundings } from './surroundings.ts';

interface ConsumeOptions {
  readonly group?: string;
  readonly max?: number;
  readonly follow: boolean;
  readonly value: ValueFormat;
}

/** `millrace consume TOPIC`: committed records only, whoever wrote them. */
export function consumeCommand(): Command {
  const command = new Command('consume')
    .description('show the messages of a topic: all there are, then it ends')
    .argument('<topic>', 'where from')
    .option('--follow', 'go on with what comes in, until Ctrl-C', false)
    .option('--group <name>', 'read as a member of this consumer group, from where it stands, until Ctrl-C or --max')
    .option('--max <number>', 'end after so many messages', positive)
    .addOption(
      new Option('--value <format>', 'how to read values').choices(valueFormats).default('auto', 'Avro of the registry, else text'),
    );
  return action(command, async (surroundings: Surroundings, topic: string, options: ConsumeOptions) => {
    await asAdmin(surroundings, (admin) => requireTopics(admin, [topic]));
    if (options.group === undefined) await readAlone(surroundings, topic, options);
    else await readInGroup(surroundings, topic, options, options.group);
    return null;
  });
}

/** Aborts with Ctrl-C, and when enough was read. */
class Reading {
  readonly ended = new AbortController();
  #left: number;

  constructor(max: number | undefined) {
    this.#left = max ?? Number.POSITIVE_INFINITY;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => this.ended.abort());
  }

  /** Answers false once enough was read. */
  take(): boolean {
    if (this.#left === 0 || this.ended.signal.aborted) return false;
    this.#left -= 1;
    if (this.#left === 0) this.ended.abort();
    return true;
  }
}

async function readAlone(surroundings: Surroundings, topic: string, options: ConsumeOptions): Promise<void> {
  const settings = new Map([['bootstrap.servers', surroundings.kafka]]);
  const config = new ClientConfig({
    optional: (name) => settings.get(name) ?? null,
    list: (name) => (settings.get(name) ?? '').split(',').filter((item) => item !== ''),
    secret: () => null,
  });
  const cluster = new Cluster(config, systemClock);
  const text = new RecordText(surroundings, options.value);
  const reading = new Reading(options.max);
  const { signal } = reading.ended;
  // Lines wait for the registry, in order; the reader does not wait for them.
  let written = Promise.resolve();
  const show = (record: FetchedRecord): void => {
    if (!reading.take()) return;
    // What the reader shows is a view of its buffer.
    const own = { ...record, key: record.key && Buffer.from(record.key), value: record.value && Buffer.from(record.value) };
    written = written.then(async () => void process.stdout.write(`${await text.line(own)}\n`));
  };
  const reader = new TopicReader(cluster, topic, systemClock);
  try {
    await cluster.connect();
    await reader.readToEnd(show, signal);
    if (options.follow) await reader.follow(show, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await cluster.close();
    await written;
  }
}

async function readInGroup(surroundings: Surroundings, topic: string, options: ConsumeOptions, groupId: string): Promise<void> {
  const text = new RecordText(surroundings, options.value);
  const reading = new Reading(options.max);
  const consumer = kafkaClient(surroundings).consumer({ groupId, maxWaitTimeInMs: 200, heartbeatInterval: 500 });
  await connected(surroundings, consumer, async () => {
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    const failure = await runUntilEnd(consumer, reading, text);
    if (failure !== null) throw failure;
  });
}

async function runUntilEnd(consumer: Consumer, reading: Reading, text: RecordText): Promise<Error | null> {
  const { signal } = reading.ended;
  const ended = Promise.withResolvers<Error | null>();
  consumer.on('consumer.crash', ({ payload }) => ended.resolve(payload.error));
  consumer.on('consumer.group_join', ({ payload: { memberAssignment } }) => {
    const places = Object.values(memberAssignment)
      .flat()
      .toSorted((left, right) => left - right);
    process.stderr.write(
      `joined the group; it gave this reader ${places.length === 0 ? 'no partition' : `partition ${places.join(', ')}`}\n`,
    );
  });
  signal.addEventListener('abort', () => ended.resolve(null));
  await consumer.run({
    eachBatchAutoResolve: false,
    eachBatch: async (payload) => {
      const { batch } = payload;
      for (const message of batch.messages) {
        if (!payload.isRunning() || !reading.take()) return;
        const { offset, key, value } = message;
        process.stdout.write(`${await text.line({ partition: batch.partition, offset: BigInt(offset), key, value })}\n`);
        // Only what was shown counts as read: the group's next reader goes on behind it.
        payload.resolveOffset(offset);
        await payload.heartbeat();
      }
    },
  });
  if (signal.aborted) ended.resolve(null);
  const failure = await ended.promise;
  await consumer.stop();
  return failure;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Write a whole number from 1 on.');
  return value;
}
