import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chown, lstat, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SetUpError } from './set-up-error.ts';

/** Postgres refuses to run as root, which could otherwise be made to do anything by SQL. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** Null for everyone but root: then the servers run as the user who starts them. */
export function findServerUser(): ServerUser | null {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    const uid = idOf('-u', name);
    const gid = idOf('-g', name);
    if (uid !== null && gid !== null && uid !== 0) return { uid, gid };
  }
  throw new SetUpError(
    'Postgres refuses to run as root, and there is no user `postgres` or `nobody` to run it: start as another user, or name a Postgres of your own with --postgres URL.',
  );
}

function idOf(what: '-u' | '-g', name: string): number | null {
  try {
    return Number(execFileSync('id', [what, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return null;
  }
}

/**
 * A folder that `user` can reach: `wanted` itself where every folder above it lets others pass, else one under /var/tmp that
 * only root can have made. The folder stays root's; whoever uses it makes what the user may write inside it.
 */
export async function reachableDirectory(wanted: string, user: ServerUser | null): Promise<string> {
  await mkdir(wanted, { recursive: true });
  if (user === null || (await isReachable(wanted))) return wanted;
  const name = `millrace-${createHash('sha512').update(wanted).digest('hex').slice(0, 16)}`;
  const directory = join('/var/tmp', name);
  await mkdir(directory, { mode: 0o755 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const found = await lstat(directory);
  if (!found.isDirectory() || found.uid !== 0 || (found.mode & 0o022) !== 0) {
    throw new SetUpError(`${directory} is not a folder that only root can write: remove it, then start again.`);
  }
  return directory;
}

export async function isReachable(directory: string): Promise<boolean> {
  const { mode } = await stat(directory);
  if ((mode & 0o001) === 0) return false;
  return dirname(directory) === directory ? true : await isReachable(dirname(directory));
}

export async function giveTo(user: ServerUser | null, directory: string): Promise<void> {
  if (user !== null) await chown(directory, user.uid, user.gid);
}
