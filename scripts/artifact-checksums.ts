/**
 * Writes embedded/sha512.txt anew from what embedded/pom.xml names, or the same in the folders given (`bench/peer/debezium`).
 * Look at the difference before it is committed.
 */
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha512Of } from '../src/embedded/artifacts.ts';
import { projectRoot } from '../src/embedded/cache.ts';
import { embeddedFolder, fetchWithMaven } from '../src/embedded/maven.ts';

const folders = process.argv.length > 2 ? process.argv.slice(2) : [embeddedFolder];

for (const folder of folders) {
  // A repository of its own: only then is everything in it either wanted or Maven's.
  const directory = mkdtempSync(join(tmpdir(), 'millrace-artifacts-'));
  try {
    const repository = join(directory, 'repository');
    const resolved = await fetchWithMaven({ repository, folder, progress: (text) => process.stderr.write(`\r${text}`) });
    const archives = globSync('io/apicurio/**/*-all.tar.gz', { cwd: repository });
    const paths = [...resolved, ...archives].sort();
    const lines = await Promise.all(paths.map(async (path) => `${await sha512Of(join(repository, path))}  ${path}\n`));
    writeFileSync(join(projectRoot, folder, 'sha512.txt'), lines.join(''));
    process.stderr.write(`\n${folder}: ${lines.length} files\n`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
