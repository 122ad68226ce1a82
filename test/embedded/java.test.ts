import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findJava } from '../../src/embedded/java.ts';

const versions: readonly [string, RegExp | null][] = [
  ['openjdk version "17.0.15" 2025-04-15', null],
  ['openjdk version "21" 2023-09-19', null],
  ['java version "1.8.0_401"', /is Java 8, and Kafka needs 17/],
  ['The operation could not be completed. Unable to locate a Java Runtime.', /Java was not found/],
];

for (const [text, problem] of versions) {
  test(`java -version: ${text}`, async (t) => {
    const home = await mkdtemp(join(tmpdir(), 'millrace-java-'));
    t.after(() => rm(home, { recursive: true, force: true }));
    await mkdir(join(home, 'bin'));
    const java = join(home, 'bin', 'java');
    await writeFile(java, `#!/bin/sh\necho '${text}' >&2\n`);
    await chmod(java, 0o755);
    if (problem === null) assert.equal(await findJava({ JAVA_HOME: home }), java);
    else await assert.rejects(findJava({ JAVA_HOME: home }), problem);
  });
}

test('no Java at all is one sentence that says what else can be done', async () => {
  await assert.rejects(
    findJava({ PATH: '/nowhere' }),
    /^SetUpError: Java was not found \(java\).*install Java 17.*docker compose up.*--kafka/,
  );
});
