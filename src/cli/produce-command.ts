import { Command } from 'commander';
import kafkajs from 'kafkajs';
import { createInterface } from 'node:readline';
import { asAdmin, connected, kafkaClient, requireTopics } from './kafka-session.ts';
import { action } from './surroundings.ts';
import type { Surroundings } from './surroundings.ts';

interface ProduceOptions {
  readonly key?: string;
}

/** `millrace produce TOPIC VALUE...`: messages of text, each acknowledged by all replicas before the next. */
export function produceCommand(): Command {
  const command = new Command('produce')
    .description('write messages of text to a topic')
    .argument('<topic>', 'where to')
    .argument('[values...]', 'one message each; without any, each line of standard input is one')
    .option('--key <text>', 'the key of these messages: equal keys go to the same partition');
  return action(command, produce);
}

async function produce(surroundings: Surroundings, topic: string, values: string[], options: ProduceOptions): Promise<null> {
  await asAdmin(surroundings, (admin) => requireTopics(admin, [topic]));
  // The partitioner that Java's clients and Millrace have: a key finds the same partition whoever writes it.
  const producer = kafkaClient(surroundings).producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await connected(surroundings, producer, async () => {
    for await (const value of values.length > 0 ? values : createInterface({ input: process.stdin })) {
      const [placed] = await producer.send({ topic, messages: [{ key: options.key ?? null, value }], acks: -1 });
      process.stdout.write(`written to partition ${placed?.partition} at offset ${placed?.baseOffset}\n`);
    }
  });
  return null;
}
