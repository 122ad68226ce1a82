import { Command } from 'commander';
import { action } from './surroundings.ts';
import type { Surroundings } from './surroundings.ts';

/** `eval "$(millrace env)"`: the addresses for programs of one's own. */
export function envCommand(): Command {
  const command = new Command('env').description('print where Kafka, registry and worker are, as variables for a shell');
  return action(command, async ({ kafka, registry, rest }: Surroundings) =>
    Object.entries({ KAFKA_BOOTSTRAP_SERVERS: kafka, SCHEMA_REGISTRY_URL: registry, CONNECT_REST_URL: rest })
      .map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'`)
      .join('\n'),
  );
}
