import type { Command } from 'commander';
import { describeError } from '../base/errors.ts';
import { cacheDirectory } from '../embedded/cache.ts';
import { keptAddresses } from '../embedded/kept-addresses.ts';
import type { DemoAddresses } from '../embedded/kept-addresses.ts';

/** What a command needs to know of its surroundings, each part looked up when it is asked for. */
export class Surroundings implements DemoAddresses {
  readonly #env: NodeJS.ProcessEnv;
  #kept: Partial<DemoAddresses> | null = null;

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  get kafka(): string {
    return this.#find('KAFKA_BOOTSTRAP_SERVERS', 'kafka', '127.0.0.1:9092');
  }

  get registry(): string {
    return this.#find('SCHEMA_REGISTRY_URL', 'registry', 'http://127.0.0.1:8081').replace(/\/$/, '');
  }

  get rest(): string {
    return this.#find('CONNECT_REST_URL', 'rest', 'http://127.0.0.1:8083').replace(/\/$/, '');
  }

  get cache(): string {
    return cacheDirectory(this.#env);
  }

  /** The environment wins, then the running demo, then the usual port. */
  #find(variable: string, part: keyof DemoAddresses, usual: string): string {
    const given = this.#env[variable] ?? '';
    if (given !== '') return given;
    this.#kept ??= keptAddresses(this.cache);
    return this.#kept[part] ?? usual;
  }
}

export const addressHelp = `
Addresses come from KAFKA_BOOTSTRAP_SERVERS, SCHEMA_REGISTRY_URL and CONNECT_REST_URL, else from the demo that runs on this
machine, else they are the usual ports of 127.0.0.1.`;

/** The command's action: prints what `run` answers; a failure becomes one sentence and exit code 1. */
export function action(command: Command, run: (surroundings: Surroundings, ...given: never[]) => Promise<string | null>): Command {
  return command.addHelpText('after', addressHelp).action(async (...given: unknown[]) => {
    try {
      // Commander hands over what the command declared, then its options, then the command itself.
      const text = await run(new Surroundings(process.env), ...(given.slice(0, -1) as never[]));
      if (text !== null) process.stdout.write(`${text}\n`);
    } catch (error) {
      process.stderr.write(`millrace: ${describeError(error)}\n`);
      process.exitCode = 1;
    }
  });
}

/** `--config a=b`, given as often as wanted. */
export function collectPair(pair: string, pairs: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = pair.indexOf('=');
  if (at < 1) throw new Error(`"${pair}" is not of the form NAME=VALUE.`);
  return { ...pairs, [pair.slice(0, at)]: pair.slice(at + 1) };
}
