import { Command, InvalidArgumentError } from 'commander';
import kafkajs from 'kafkajs';
import type { Admin } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectError } from '../base/errors.ts';
import { asAdmin, requireTopics } from './kafka-session.ts';
import { action, collectPair } from './surroundings.ts';
import type { Surroundings } from './surroundings.ts';
import { textTable } from './text-table.ts';

interface CreateOptions {
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly config?: Readonly<Record<string, string>>;
}

/** Settings that somebody chose for this topic, as `DescribeConfigs` numbers where a setting comes from. */
const ownSetting = 1;
const leadersWithinMs = 10_000;

/** `millrace topic create|list|describe|delete`. */
export function topicCommand(): Command {
  const command = new Command('topic').description('create, look at and delete topics');
  const create = command
    .command('create')
    .description('create a topic')
    .argument('<name>', 'its name')
    .option('--partitions <number>', 'how many partitions', positive, 1)
    .option('--replication-factor <number>', 'how many brokers keep each partition', positive, 1)
    .option('--config <name=value>', 'a setting such as retention.ms=86400000; may be given again', collectPair);
  action(create, createTopic);
  action(command.command('list').description('names of all topics'), listTopics);
  const describe = command.command('describe').description('partitions, offsets and settings').argument('<name>', 'its name');
  action(describe, (surroundings, name: string) =>
    asAdmin(surroundings, async (admin) => {
      await requireTopics(admin, [name]);
      return describeTopic(admin, name);
    }),
  );
  const remove = command.command('delete').description('delete topics and everything in them').argument('<names...>', 'their names');
  action(remove, (surroundings, names: string[]) =>
    asAdmin(surroundings, async (admin) => {
      await requireTopics(admin, names);
      await admin.deleteTopics({ topics: names });
      return `Deleted ${names.join(', ')}`;
    }),
  );
  return command;
}

async function createTopic(surroundings: Surroundings, name: string, options: CreateOptions): Promise<string> {
  const configEntries = Object.entries(options.config ?? {}).map(([key, value]) => ({ name: key, value }));
  return asAdmin(surroundings, async (admin) => {
    const topic = { topic: name, numPartitions: options.partitions, replicationFactor: options.replicationFactor, configEntries };
    const isNew = await admin.createTopics({ topics: [topic], waitForLeaders: false });
    if (!isNew)
      throw new ConnectError('kafka.topic', `The topic ${name} is there already.`, {
        remedy: `Choose another name, or delete it first: bin/millrace topic delete ${name}`,
      });
    await leadersKnown(admin, name);
    return describeTopic(admin, name);
  });
}

/** A broker hears of a new topic a moment after the controller made it. */
async function leadersKnown(admin: Admin, topic: string): Promise<void> {
  const deadline = performance.now() + leadersWithinMs;
  for (;;) {
    try {
      await admin.fetchTopicOffsets(topic);
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(50);
  }
}

async function listTopics(surroundings: Surroundings): Promise<string> {
  const topics = await asAdmin(surroundings, (admin) => admin.listTopics());
  return topics.toSorted().join('\n');
}

async function describeTopic(admin: Admin, name: string): Promise<string> {
  const offsets = await admin.fetchTopicOffsets(name);
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name }],
  });
  const settings = (resources[0]?.configEntries ?? [])
    .filter(({ configSource }) => (configSource as unknown as number) === ownSetting)
    .map(({ configName, configValue }) => `, ${configName}=${configValue}`);
  const rows = offsets
    .toSorted((left, right) => left.partition - right.partition)
    .map(({ partition, low, high }) => [partition, Number(low), Number(high)]);
  const count = rows.length === 1 ? '1 partition' : `${rows.length} partitions`;
  return `Topic ${name}: ${count}${settings.join('')}\n\n${textTable([['PARTITION', 'FIRST OFFSET', 'NEXT OFFSET'], ...rows])}`;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Write a whole number from 1 on.');
  return value;
}
