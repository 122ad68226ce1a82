import { accessSync, constants, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { SetUpError } from './set-up-error.ts';

/** The checkout: where package.json lies. */
export const projectRoot = resolve(import.meta.dirname, '../..');

/** Where fetched files and the demo's data live. The rule is the launcher's (bin/set-up.cjs): both must find the same folder. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const given = env['MILLRACE_CACHE'];
  if (given !== undefined && given !== '') return resolve(given);
  const candidates = [join(projectRoot, '.cache'), join(homedir(), '.cache', 'millrace')];
  const cache = candidates.find(isWritable);
  if (cache === undefined)
    throw new SetUpError(`Neither ${candidates.join(' nor ')} can be written: set MILLRACE_CACHE to a folder of your own.`);
  return cache;
}

function isWritable(directory: string): boolean {
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
