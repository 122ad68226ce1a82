import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../src/embedded/cache.ts';

const run = promisify(execFile);
const installWithinMs = 5 * 60_000;

/** Confluent's Python client, which reads our topics in test/clients: installed once into a folder of its own in the cache. */
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
    say("Python: installing Confluent's client, once");
    try {
      // Not built beside and renamed: a virtual environment knows its own path.
      await run('python3', ['-m', 'venv', home], { timeout: installWithinMs });
      const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '-r', requirements];
      await run(python, args, { timeout: installWithinMs });
      await run(python, ['-c', 'import confluent_kafka.schema_registry.avro'], { timeout: installWithinMs });
      writeFileSync(done, '');
      return python;
    } catch (error) {
      const last = ((error as { stderr?: string }).stderr ?? '').trim().split('\n').at(-1);
      say(`Python: Confluent's client cannot be installed, so the test with it is skipped: ${last || (error as Error).message}`);
      rmSync(home, { recursive: true, force: true });
      return null;
    }
  },
} as const;
