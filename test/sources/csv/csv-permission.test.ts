import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { CsvFixture } from './csv-fixture.ts';

const module = (name: string): string => JSON.stringify(new URL(`../../../src/${name}`, import.meta.url).href);

/** Rights do not bind root, so the modules are loaded first, and then the process becomes nobody. */
function asNobody(attempt: string): string {
  const script = `
    const { listInput } = await import(${module('sources/csv/csv-input.ts')});
    const { CsvFile } = await import(${module('sources/csv/csv-file.ts')});
    const { CsvCleanup } = await import(${module('sources/csv/csv-cleanup.ts')});
    const { findCharset } = await import(${module('sources/csv/csv-charset.ts')});
    const { silentLog } = await import(${module('base/log.ts')});
    const { systemClock } = await import(${module('base/clock.ts')});
    const { describeError } = await import(${module('base/errors.ts')});
    if (process.getuid() === 0) {
      process.setgid(65534);
      process.setuid(65534);
    }
    try {
      ${attempt};
      console.log('nothing was refused');
    } catch (error) {
      console.log(error.code, describeError(error));
    }`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return stdout + stderr;
}

test('a folder, a file and a finished folder without permission are told as such, with what to grant', () => {
  using fixture = new CsvFixture();
  chmodSync(fixture.folder, 0o755);
  const [folder, file, done, inbox] = ['closed', 'a.csv', 'done', 'in'].map((name) => fixture.path(name)) as [
    string,
    string,
    string,
    string,
  ];
  mkdirSync(folder);
  mkdirSync(done);
  mkdirSync(inbox);
  writeFileSync(file, 'id\n1\n');
  writeFileSync(`${inbox}/a.csv`, 'id\n1\n');
  chmodSync(folder, 0);
  chmodSync(file, 0);
  chmodSync(done, 0o555);
  chmodSync(inbox, 0o555);
  try {
    const list = `await listInput({ folder: ${JSON.stringify(folder)}, pattern: /./, recursive: false, order: [] }, false)`;
    assert.match(
      asNobody(list),
      /^file.unreadable CSV folder .*closed may not be read by this user. Remedy: Grant read permission \(for a folder/,
    );
    const open = `await CsvFile.open(${JSON.stringify(file)}, findCharset('UTF-8'))`;
    assert.match(asNobody(open), /^file.unreadable CSV file .*a.csv may not be read by this user. Remedy: Grant read permission/);
    const move = `
      const cleanup = new CsvCleanup({ policy: 'move', finishedPath: ${JSON.stringify(done)}, errorPath: null, keepRelativePath: false }, systemClock, silentLog);
      const [input] = await listInput({ file: ${JSON.stringify(`${inbox}/a.csv`)}, name: 'a.csv' }, false);
      cleanup.ended(input, { position: 5, fingerprint: '' }, false, true);
      await cleanup.run()`;
    assert.match(
      asNobody(move),
      /^file.unreadable CSV file .*a.csv has been read and cannot be moved to .*done.a.csv. Remedy: Grant write permission/,
    );
  } finally {
    chmodSync(folder, 0o755);
  }
});
