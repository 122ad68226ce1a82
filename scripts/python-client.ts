import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../src/embedded/cache.ts';

const run = promisify(execFile);
const installWithinMs = 5 * 60_000;

/** The Python clients that read our topics in test/clients: installed once into a folder of their own in the cache. */
export const PythonClient = {
  /** The Python to run it with: MILLRACE_PYTHON where that is set, else the cache's; null, with the reason said, where it cannot be had. */
  async find(cache: string, say: (text: string) => void): Promise<string | null> {
    const given = process.env['MILLRACE_PYTHON'] ?? '';
    if (given !== '') return given;
    const requirements = join(projectRoot, 'test', 'clients', 'requirements.txt');
    const version = createHash('sha512').update(readFileSync(requirements)).digest('hex').slice(0, 12);
    const home = join(cache, `python-${version}`);
    const python = join(home, 'bin', 'python');
    const done = join(home, 'installed');
    if (existsSync(done) && existsSync(python)) return python;
    rmSync(home, { recursive: true, force: true });
    say('Python: installing the clients of test/clients/requirements.txt, once');
    try {
      // Not built beside and renamed: a virtual environment knows its own path.
      await run('python3', ['-m', 'venv', home], { timeout: installWithinMs });
      if (await installed(python, readFileSync(requirements, 'utf8').split('\n'), say)) writeFileSync(done, '');
      return python;
    } catch (error) {
      say(`Python: there is no virtual environment to be had, so the tests with Python clients are skipped: ${reasonOf(error)}`);
      rmSync(home, { recursive: true, force: true });
      return null;
    }
  },
} as const;

/** Each package for itself, so that one that this Python cannot have takes only its own tests away. Answers whether all are there. */
async function installed(python: string, lines: readonly string[], say: (text: string) => void): Promise<boolean> {
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
  const packages = lines.filter((line) => line !== '');
  const all = await run(python, [...pip, ...packages], { timeout: installWithinMs }).then(
    () => true,
    () => false,
  );
  if (all) return true;
  for (const each of packages) {
    await run(python, [...pip, each], { timeout: installWithinMs }).catch((error: unknown) =>
      say(`Python: ${each} cannot be installed, so the tests with it are skipped: ${reasonOf(error)}`),
    );
  }
  return false;
}

function reasonOf(error: unknown): string {
  const last = ((error as { stderr?: string }).stderr ?? '').trim().split('\n').at(-1);
  return last || (error as Error).message;
}
