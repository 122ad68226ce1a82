import { enableCompileCache } from 'node:module';

import { Command } from 'commander';
import { version } from './version.ts';

/** A command's own code is loaded when it is asked for: most of them need little of the whole program. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  demo: async () => (await import('./demo/demo.ts')).demoCommand(),
  standalone: async () => (await import('./standalone.ts')).standaloneCommand(),
  load: async () => (await import('./load.ts')).loadCommand(),
  doctor: async () => (await import('./doctor.ts')).doctorCommand(),
  topic: async () => (await import('./cli/topic-command.ts')).topicCommand(),
  produce: async () => (await import('./cli/produce-command.ts')).produceCommand(),
  consume: async () => (await import('./cli/consume-command.ts')).consumeCommand(),
  group: async () => (await import('./cli/group-command.ts')).groupCommand(),
  registry: async () => (await import('./cli/registry-command.ts')).registryCommand(),
  connector: async () => (await import('./cli/connector-command.ts')).connectorCommand(),
  env: async () => (await import('./cli/env-command.ts')).envCommand(),
  jars: async () => (await import('./cli/jars-command.ts')).jarsCommand(),
};

const examples = `
Examples:
  millrace demo                                       watch sample records arrive; sets everything up by itself
  millrace demo --for 20s --json                      the same for a script
  millrace standalone worker.json orders.json         run a worker with one connector
  millrace standalone worker.properties               run a worker; connectors come by REST on http://127.0.0.1:8083
  millrace doctor orders.json --worker worker.json    what stands in the way of a connector, and the SQL that mends it
  millrace topic create hello --partitions 2          look around in Kafka: topic, produce, consume, group, registry, connector
  millrace load shop.json --postgres URL              fill tables of a database with sample data
  millrace help standalone                            what a command takes

Config files have Kafka Connect's and Debezium's keys: see README.md and docs/operations.md. New to Kafka: docs/course.md.`;

/** One sentence: `millrace: unknown command 'demoo' (Did you mean demo?)`. */
function sentence(text: string): string {
  const problem = text
    .trim()
    .replace(/^error: /, '')
    .replaceAll(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');
  return `millrace: ${problem}${problem.includes('Did you mean') ? '' : '; see `millrace help`'}\n`;
}

/** kafkajs arms timers for moments that have passed, and Node 24 would warn of each on the terminal; other warnings are shown. */
function silenceNegativeTimeouts(): void {
  const listeners = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name !== 'TimeoutNegativeWarning') for (const show of listeners) show(warning);
  });
}

// What Node compiled is kept for the next start, in the directory for temporary files; nothing happens where that cannot be written.
enableCompileCache();

/** Node runs this file directly: `node src/main.ts COMMAND`, or by way of `bin/millrace`. */
const program = new Command('millrace')
  .description('Change data capture for Kafka: Postgres changes and CSV rows as records on keyed topics, exactly once, without a JVM.')
  .version(version)
  .usage('COMMAND [OPTIONS]')
  .configureOutput({ outputError: (text, write) => write(sentence(text)) })
  .addHelpText('after', examples);
const named = commands[process.argv[2] ?? ''];
for (const load of named === undefined ? Object.values(commands) : [named])
  program.addCommand((await load()).copyInheritedSettings(program));

silenceNegativeTimeouts();
await program.parseAsync();
