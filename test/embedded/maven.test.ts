import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { fetchWithMaven, MavenOutput } from '../../src/embedded/maven.ts';
import { SetUpError } from '../../src/embedded/set-up-error.ts';

const url = 'https://repo.example/org/a/1/a-1';

test("progress is read from Maven's transfer lines, wherever they are cut", () => {
  const output = [
    'Downloading from central: ' + url + '.pom\n',
    `Progress (1): 4.1/19 kB\rProgress (1): 19 kB    \r   \rDownloaded from central: ${url}.pom (19 kB at 61 kB/s)\n`,
    `Progress (2): 1.5/12 MB | 500/900 kB\r   \rDownloaded from central: ${url}.jar (12 MB at 8.0 MB/s)\n`,
    '[INFO]    org.a:a:jar:1:compile -- module a\n',
    '[ERROR] Failed\n',
  ].join('');
  for (const step of [1, 7, output.length]) {
    const told: string[] = [];
    const reader = new MavenOutput((text) => told.push(text));
    for (let at = 0; at < output.length; at += step) reader.read(output.slice(at, at + step));
    assert.ok(
      told.some((text) => text.endsWith(' 2 MB, 0 files')),
      told.join('\n'),
    );
    assert.match(told.at(-1) ?? '', / 12 MB, 1 files$/);
    assert.deepEqual(reader.resolved, ['org/a/a/1/a-1.jar']);
    assert.deepEqual(reader.errors, ['Failed']);
  }
});

async function mavenThatSays(t: TestContext, line: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-maven-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const command = join(directory, 'mvn');
  await writeFile(command, `#!/bin/sh\necho '[ERROR] ${line}'\nexit 1\n`);
  await chmod(command, 0o755);
  return command;
}

const problems: readonly [string, RegExp][] = [
  [
    'Could not transfer artifact a from central: repo.example: Name or service not known',
    /^Maven Central cannot be reached .*check the network.*--kafka/,
  ],
  ['Failed to collect: No space left on device', /is full: free about 700 MB, or set MILLRACE_CACHE/],
  ['Checksum validation failed, expected abc but is def', /^Maven refused a file whose checksum is wrong .*start again/],
  ['The JAVA_HOME environment variable is not defined correctly', /finds no Java: install Java 17/],
  ['Non-resolvable parent', /could not fetch .*Non-resolvable parent.*run `mvn -f embedded\/pom.xml validate`/],
];

for (const [line, sentence] of problems) {
  test(`one sentence for: ${line}`, async (t) => {
    const command = await mavenThatSays(t, line);
    await assert.rejects(fetchWithMaven({ command, repository: '/nowhere/maven', progress: () => {} }), (error) => {
      assert.ok(error instanceof SetUpError);
      assert.match(error.message, sentence);
      assert.ok(!error.message.includes('\n'));
      return true;
    });
  });
}

test('without Maven the sentence says what else can be done', async () => {
  const fetching = fetchWithMaven({ command: 'mvn-that-is-not-there', repository: '/nowhere/maven', progress: () => {} });
  await assert.rejects(fetching, /^SetUpError: Maven \(mvn\) is not installed .*docker compose up/);
});
