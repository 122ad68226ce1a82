import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './cache.ts';
import { SetUpError } from './set-up-error.ts';

export interface FetchOptions {
  readonly repository: string;
  readonly progress: (text: string) => void;
  readonly command?: string;
  /** Holds the `pom.xml` that names the files, seen from the project's root. */
  readonly folder?: string;
  /** For messages: what the files are. */
  readonly subject?: string;
}

/** What the demo and the tests need. */
export const embeddedFolder = 'embedded';
const embeddedSubject = 'Kafka and the registry';

const ownWay =
  'use Docker (`docker compose up`), or Kafka, registry and Postgres of your own (`--kafka HOST:PORT --registry URL --postgres URL`)';

/**
 * Runs `mvn validate` on a pom.xml whose goals fetch the files. Rejects with one sentence that says what to do.
 *
 * @returns The dependencies it resolved, as paths inside the repository.
 */
export async function fetchWithMaven(options: FetchOptions): Promise<readonly string[]> {
  const { folder = embeddedFolder, subject = embeddedSubject } = options;
  const scratch = join(options.repository, '..', 'maven-scratch');
  const args = [
    '--strict-checksums',
    '-Dstyle.color=never',
    `--file=${join(projectRoot, folder, 'pom.xml')}`,
    `-Dmaven.repo.local=${options.repository}`,
    `-Dscratch=${scratch}`,
    'validate',
  ];
  options.progress(`asking Maven Central for ${subject}`);
  const watch = new MavenOutput(options.progress, subject);
  const child = spawn(options.command ?? 'mvn', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = (): void => void child.kill();
  process.once('exit', stop);
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => watch.read(chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => watch.read(chunk));
  try {
    const code = await new Promise<number | null>((done, fail) => {
      child.once('error', fail);
      child.once('close', done);
    });
    if (code !== 0) throw mavenProblem(watch.errors, { ...options, folder, subject });
    return watch.resolved;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new SetUpError(
      `Maven (mvn) is not installed or not on the PATH, and it fetches ${subject}: install Maven and Java 17, or ${ownWay}.`,
    );
  } finally {
    process.off('exit', stop);
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Reads Maven's transfer lines: `Downloaded from central: URL (12 MB at 8.0 MB/s)` and `Progress (2): 3.1/12 MB | 4 kB`. */
export class MavenOutput {
  readonly errors: string[] = [];
  /** Paths inside the repository. */
  readonly resolved: string[] = [];
  readonly #progress: (text: string) => void;
  readonly #subject: string;
  #rest = '';
  #done = 0;
  #doneBytes = 0;
  #underWayBytes = 0;

  constructor(progress: (text: string) => void, subject = embeddedSubject) {
    this.#progress = progress;
    this.#subject = subject;
  }

  read(chunk: string): void {
    const lines = (this.#rest + chunk).split(/[\r\n]+/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#readLine(line);
  }

  #readLine(line: string): void {
    const downloaded = /Downloaded from \S+ (\S+) \(([\d.]+) ([kMG]?B)/.exec(line);
    const under = /^Progress \(\d+\): (.*)/.exec(line);
    const [, group = '', artifact, type, version] = /^\[INFO\] {4}([\w.-]+):([\w.-]+):(\w+):([\w.-]+):\w+/.exec(line) ?? [];
    if (artifact !== undefined) this.resolved.push(`${group.replaceAll('.', '/')}/${artifact}/${version}/${artifact}-${version}.${type}`);
    if (line.startsWith('[ERROR]')) this.errors.push(line.slice('[ERROR] '.length));
    if (downloaded !== null) {
      const [, url = '', amount = '0', unit = 'B'] = downloaded;
      if (!url.endsWith('.pom')) this.#done += 1;
      this.#doneBytes += bytes(amount, unit);
      this.#underWayBytes = 0;
    } else if (under !== null) {
      this.#underWayBytes = 0;
      for (const [, amount = '0', , unit = 'B'] of (under[1] ?? '').matchAll(/([\d.]+)(\/[\d.]+)? ([kMG]?B)/g))
        this.#underWayBytes += bytes(amount, unit);
    } else {
      return;
    }
    const megabytes = ((this.#doneBytes + this.#underWayBytes) / 1e6).toFixed(0);
    this.#progress(`fetching ${this.#subject} with Maven: ${megabytes} MB, ${this.#done} files`);
  }
}

function bytes(amount: string, unit: string): number {
  const factor = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 }[unit] ?? 1;
  return Number(amount) * factor;
}

function mavenProblem(
  errors: readonly string[],
  { repository, folder, subject }: Required<Pick<FetchOptions, 'repository' | 'folder' | 'subject'>>,
): SetUpError {
  const text = errors.join('\n');
  if (/No space left/i.test(text))
    return new SetUpError(
      `The disk that holds ${repository} is full: free about 700 MB, or set MILLRACE_CACHE to a folder on another disk.`,
    );
  if (/Checksum validation failed/i.test(text)) {
    return new SetUpError(`Maven refused a file whose checksum is wrong (${short(errors)}): start again to fetch it anew.`);
  }
  if (
    /Unknown host|Connection refused|Connect(ion)? timed out|Read timed out|unreachable|Connection reset|UnresolvedAddress|No route|Name or service not known|Temporary failure in name resolution|transfer artifact/i.test(
      text,
    )
  ) {
    return new SetUpError(
      `Maven Central cannot be reached (${short(errors)}): check the network and Maven's proxy settings and start again, which goes on where it was; or ${ownWay}.`,
    );
  }
  if (/JAVA_HOME/.test(text)) return new SetUpError(`Maven finds no Java: install Java 17 and let JAVA_HOME point to it, or ${ownWay}.`);
  return new SetUpError(
    `Maven could not fetch ${subject} (${short(errors)}): run \`mvn -f ${folder}/pom.xml validate\` to see why, or ${ownWay}.`,
  );
}

function short(errors: readonly string[]): string {
  const first = errors.find((line) => line.trim() !== '') ?? 'no message';
  return first.length > 300 ? `${first.slice(0, 300)} ...` : first;
}
