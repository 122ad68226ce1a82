import { join } from 'node:path';
import { ensureArtifacts } from './artifacts.ts';
import { findJava } from './java.ts';
import { Kafka } from './kafka.ts';
import { Postgres } from './postgres.ts';
import { Registry } from './registry.ts';

export interface ServersOptions {
  readonly cache: string;
  /** Where these servers keep their data. */
  readonly directory: string;
  /** `part`: Kafka, registry, Postgres, or files; `text`: what is going on there. */
  readonly progress: (part: string, text: string) => void;
  /** Addresses of servers that run already: those are used and not started. */
  readonly given?: { readonly kafka?: string | undefined; readonly registry?: string | undefined; readonly postgres?: string | undefined };
  /** Ports to try first. */
  readonly ports?: { readonly kafka: number; readonly registry: number; readonly postgres: number };
  readonly postgresSettings?: Readonly<Record<string, string>>;
}

const usualPorts = { kafka: 9092, registry: 8081, postgres: 5432 };

/** Kafka, a schema registry and Postgres, side by side: real ones, on loopback ports, without Docker. */
export class Servers implements AsyncDisposable {
  readonly kafka: string;
  readonly registry: string;
  readonly postgres: string;
  readonly #started: readonly { stop(): Promise<void> }[];

  private constructor(addresses: { kafka: string; registry: string; postgres: string }, started: readonly { stop(): Promise<void> }[]) {
    this.kafka = addresses.kafka;
    this.registry = addresses.registry;
    this.postgres = addresses.postgres;
    this.#started = started;
  }

  /** All come up, or those that did are stopped again and the first reason is thrown. */
  static async start(options: ServersOptions): Promise<Servers> {
    const started: { stop(): Promise<void> }[] = [];
    const begin = async <Part extends { stop(): Promise<void> }>(
      name: string,
      start: () => Promise<Part>,
      address: (part: Part) => string,
    ): Promise<string> => {
      options.progress(name, 'starting');
      const at = performance.now();
      const part = await start();
      started.push(part);
      options.progress(name, `${withoutPassword(address(part))}, up in ${((performance.now() - at) / 1000).toFixed(1)} s`);
      return address(part);
    };
    const ports = options.ports ?? usualPorts;
    const inside = (name: string): string => join(options.directory, name);
    const given = options.given ?? {};
    const files = given.kafka !== undefined && given.registry !== undefined ? null : fetchFiles(options);
    const results = await Promise.allSettled([
      given.kafka ??
        files?.then(({ java, paths }) =>
          begin(
            'Kafka',
            () => Kafka.start({ directory: inside('kafka'), jars: jarsOf(paths), java, port: ports.kafka }),
            (kafka) => kafka.bootstrapServers,
          ),
        ),
      given.registry ??
        files?.then(({ java, paths }) =>
          begin(
            'Registry',
            () => Registry.start({ directory: inside('registry'), archive: archiveOf(paths), java, port: ports.registry }),
            (registry) => registry.url,
          ),
        ),
      given.postgres ??
        begin(
          'Postgres',
          () =>
            Postgres.start({
              directory: inside('postgres'),
              port: ports.postgres,
              ...(options.postgresSettings && { settings: options.postgresSettings }),
            }),
          (postgres) => postgres.url,
        ),
    ]);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) {
      await stopAll(started);
      throw failed.reason;
    }
    const [kafka = '', registry = '', postgres = ''] = results.map((result) => (result.status === 'fulfilled' ? result.value : ''));
    return new Servers({ kafka, registry, postgres }, started);
  }

  /** Whether there is anything to stop: false when all of them were given. */
  get started(): boolean {
    return this.#started.length > 0;
  }

  async stop(): Promise<void> {
    await stopAll(this.#started);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

export function withoutPassword(url: string): string {
  return url.replace(/:[^:@/]*@/, '@');
}

async function fetchFiles(options: ServersOptions): Promise<{ java: string; paths: ReadonlyMap<string, string> }> {
  const java = await findJava();
  const progress = (text: string): void => options.progress('Files', text);
  return { java, paths: await ensureArtifacts({ repository: join(options.cache, 'maven'), progress }) };
}

function jarsOf(paths: ReadonlyMap<string, string>): string[] {
  return [...paths.values()].filter((file) => file.endsWith('.jar'));
}

function archiveOf(paths: ReadonlyMap<string, string>): string {
  const archive = [...paths.values()].find((file) => file.endsWith('-all.tar.gz'));
  if (archive === undefined) throw new Error('embedded/sha512.txt names no registry');
  return archive;
}

async function stopAll(parts: readonly { stop(): Promise<void> }[]): Promise<void> {
  await Promise.allSettled(parts.map((part) => part.stop()));
}
