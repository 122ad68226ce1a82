import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { projectRoot } from './cache.ts';
import { embeddedFolder, fetchWithMaven } from './maven.ts';
import { SetUpError } from './set-up-error.ts';

/** One file of the list: where it lies in a Maven repository, and what it must hold. */
export interface Artifact {
  readonly path: string;
  readonly sha512: string;
}

export interface ArtifactOptions {
  /** A Maven repository of ours: `<cache>/maven`. */
  readonly repository: string;
  /** Told what is going on, a line at a time. */
  readonly progress: (text: string) => void;
  readonly listFile?: string;
  /** Holds `pom.xml` and `sha512.txt`, seen from the project's root; by default what the demo and the tests need. */
  readonly folder?: string;
  /** For messages: what the files are. */
  readonly subject?: string;
  /** Where Maven keeps what it has fetched for others: what lies there with the right checksum is not fetched again. */
  readonly userRepository?: string;
  readonly fetch?: typeof fetchWithMaven;
}

const spaceNeededBytes = 700e6;

/**
 * Fetches what is missing and holds every file against its checksum: once, then a note of it is enough. Maven leaves each file
 * it has finished in the repository, so an interrupted fetch goes on where it was.
 *
 * @returns The files by path, all of them whole.
 */
export async function ensureArtifacts(options: ArtifactOptions): Promise<Map<string, string>> {
  const folder = options.folder ?? embeddedFolder;
  const listText = await readFile(options.listFile ?? join(projectRoot, folder, 'sha512.txt'), 'utf8');
  const artifacts = parseChecksums(listText, folder);
  const files = new Map(artifacts.map((artifact) => [artifact.path, join(options.repository, artifact.path)]));
  const note = join(options.repository, `checked-${createHash('sha512').update(listText).digest('hex').slice(0, 16)}`);
  if (existsSync(note) && [...files.values()].every((file) => existsSync(file))) return files;

  await mkdir(options.repository, { recursive: true });
  await takeFromUserRepository(artifacts, options);
  const missing = artifacts.filter((artifact) => !existsSync(join(options.repository, artifact.path)));
  if (missing.length > 0) {
    await requireSpace(options.repository);
    await (options.fetch ?? fetchWithMaven)({
      repository: options.repository,
      progress: options.progress,
      folder,
      ...(options.subject !== undefined && { subject: options.subject }),
    });
  }
  options.progress('checking the files');
  for (const artifact of artifacts) await check(artifact, options.repository, folder);
  await writeFile(note, '');
  return files;
}

/** Lines of `sha512sum`: 128 hexadecimal digits, two blanks, a path. */
export function parseChecksums(text: string, folder = embeddedFolder): Artifact[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, at) => {
      const match = /^([0-9a-f]{128}) {2}([\w.+-]+(?:\/[\w.+-]+)*)$/.exec(line);
      const [, sha512, path] = match ?? [];
      if (sha512 === undefined || path === undefined || path.includes('..'))
        throw new SetUpError(`${folder}/sha512.txt, line ${at + 1}, is not a checksum and a path: restore the file.`);
      return { path, sha512 };
    });
}

async function takeFromUserRepository(artifacts: readonly Artifact[], options: ArtifactOptions): Promise<void> {
  const from = options.userRepository ?? join(homedir(), '.m2', 'repository');
  for (const { path, sha512 } of artifacts) {
    const source = join(from, path);
    const target = join(options.repository, path);
    if (existsSync(target) || !existsSync(source)) continue;
    await mkdir(dirname(target), { recursive: true });
    // Under another name until it is whole: a kill in between leaves no half file that looks like a finished one.
    const incoming = `${target}.incoming`;
    try {
      await copyFile(source, incoming);
      if ((await sha512Of(incoming)) === sha512) await rename(incoming, target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw noSpace(options.repository, error);
    } finally {
      await rm(incoming, { force: true });
    }
  }
}

async function check({ path, sha512 }: Artifact, repository: string, folder: string): Promise<void> {
  const file = join(repository, path);
  if (!existsSync(file))
    throw new SetUpError(
      `Maven reported success, but ${path} is not there: start again, and see that ${folder}/pom.xml and ${folder}/sha512.txt fit.`,
    );
  if ((await sha512Of(file)) === sha512) return;
  const { size } = await stat(file);
  await rm(file);
  throw new SetUpError(
    `${path} (${size} bytes) does not have the checksum in ${folder}/sha512.txt and was refused and removed: start again to fetch it anew; if that does not help, the repository it comes from is not to be trusted.`,
  );
}

export async function sha512Of(file: string): Promise<string> {
  const hash = createHash('sha512');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

async function requireSpace(directory: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize < spaceNeededBytes) throw noSpace(directory);
}

function noSpace(directory: string, cause?: unknown): SetUpError {
  return new SetUpError(
    `The disk that holds ${directory} has less than ${spaceNeededBytes / 1e6} MB left: free some space, or set MILLRACE_CACHE to a folder on another disk.`,
    { cause },
  );
}
