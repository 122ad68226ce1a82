import { Command } from 'commander';
import { version } from './compose.ts';
import { demoCommand } from './demo/demo.ts';
import { doctorCommand } from './doctor.ts';
import { standaloneCommand } from './standalone.ts';

const examples = `
Examples:
  millrace demo                                       watch sample records arrive; sets everything up by itself
  millrace demo --for 20s --json                      the same for a script
  millrace standalone worker.json orders.json         run a worker with one connector
  millrace standalone worker.properties               run a worker; connectors come by REST on http://127.0.0.1:8083
  millrace doctor orders.json --worker worker.json    what stands in the way of a connector, and the SQL that mends it
  millrace help standalone                            what a command takes

Config files have Kafka Connect's and Debezium's keys: see README.md and docs/operations.md.`;

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

/** Node runs this file directly: `node src/main.ts COMMAND`, or by way of `bin/millrace`. */
const program = new Command('millrace')
  .description('Change data capture for Kafka: Postgres changes and CSV rows as records on keyed topics, exactly once, without a JVM.')
  .version(version)
  .usage('COMMAND [OPTIONS]')
  .configureOutput({ outputError: (text, write) => write(sentence(text)) })
  .addHelpText('after', examples);
for (const command of [demoCommand(), standaloneCommand(), doctorCommand()]) program.addCommand(command.copyInheritedSettings(program));

silenceNegativeTimeouts();
await program.parseAsync();
