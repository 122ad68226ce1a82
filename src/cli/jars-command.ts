import { Command } from 'commander';
import { delimiter, join } from 'node:path';
import { ensureArtifacts } from '../embedded/artifacts.ts';
import { action } from './surroundings.ts';
import type { Surroundings } from './surroundings.ts';

/** `java -cp "$(millrace jars)" …`: Kafka's own clients and Kafka Streams, as the demo's Kafka has them. */
export function jarsCommand(): Command {
  const command = new Command('jars').description("print a Java class path with Kafka's clients and Kafka Streams; fetches them once");
  return action(command, async ({ cache }: Surroundings) => {
    const files = await ensureArtifacts({ repository: join(cache, 'maven'), progress: quietly() });
    return [...files.values()].filter((file) => file.endsWith('.jar')).join(delimiter);
  });
}

/** A fetch tells of every few kilobytes: the first words of each kind are enough here. */
function quietly(): (text: string) => void {
  const told = new Set<string>();
  return (text) => {
    const words = text.split(':')[0] ?? '';
    if (!told.has(words) && !words.startsWith('checking')) process.stderr.write(`millrace: ${words}\n`);
    told.add(words);
  };
}
