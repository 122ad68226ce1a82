import { Command } from 'commander';
import { version } from './compose.ts';
import { demoCommand } from './demo/demo.ts';
import { standaloneCommand } from './standalone.ts';

/** Node runs this file directly: `node src/main.ts COMMAND`, or by way of `bin/millrace`. */
const program = new Command('millrace')
  .description('Change data capture for Kafka: Postgres changes and CSV rows as records on keyed topics, exactly once, without a JVM.')
  .version(version)
  .showHelpAfterError()
  .addCommand(demoCommand())
  .addCommand(standaloneCommand());

await program.parseAsync();
