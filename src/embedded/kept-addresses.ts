import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the parts of a running demo listen, for commands in other terminals. */
export interface DemoAddresses {
  /** `host:port` */
  readonly kafka: string;
  /** URL of the Confluent-compatible API, with its path. */
  readonly registry: string;
  /** URL of the worker's REST interface. */
  readonly rest: string;
}

function fileIn(cache: string): string {
  return join(cache, 'demo-addresses.json');
}

export async function keepAddresses(cache: string, { kafka, registry, rest }: DemoAddresses): Promise<void> {
  await writeFile(fileIn(cache), JSON.stringify({ kafka, registry, rest }));
}

export async function forgetAddresses(cache: string): Promise<void> {
  await rm(fileIn(cache), { force: true });
}

/** Empty when no demo runs. One that was killed has left its addresses, at which nobody answers. */
export function keptAddresses(cache: string): Partial<DemoAddresses> {
  try {
    return JSON.parse(readFileSync(fileIn(cache), 'utf8')) as Partial<DemoAddresses>;
  } catch {
    return {};
  }
}
