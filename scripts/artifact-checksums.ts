/** Writes embedded/sha512.txt anew from what embedded/pom.xml names. Look at the difference before it is committed. */
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha512Of } from '../src/embedded/artifacts.ts';
import { projectRoot } from '../src/embedded/cache.ts';
import { fetchWithMaven } from '../src/embedded/maven.ts';

// A repository of its own: only then is everything in it either wanted or Maven's.
const directory = mkdtempSync(join(tmpdir(), 'millrace-artifacts-'));
try {
  const repository = join(directory, 'repository');
  const resolved = await fetchWithMaven({ repository, progress: (text) => process.stderr.write(`\r${text}`) });
  const archives = globSync('io/apicurio/**/*-all.tar.gz', { cwd: repository });
  const paths = [...resolved, ...archives].sort();
  const lines = await Promise.all(paths.map(async (path) => `${await sha512Of(join(repository, path))}  ${path}\n`));
  writeFileSync(join(projectRoot, 'embedded', 'sha512.txt'), lines.join(''));
  process.stderr.write(`\n${lines.length} files\n`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
