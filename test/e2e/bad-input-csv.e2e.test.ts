import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { uniqueName } from '../support/unique-name.ts';
import { column, csvConfig, plainJson, readTexts, WorkerStage } from '../support/worker-stage.ts';

/** Line 4 of a file of five rows is bad; all of them run in one worker. */
const cases = [
  {
    name: 'a ragged line',
    bad: Buffer.from('9,90'),
    says: [/line 4/, /the line has 2 cells and the file has 3 columns, from column 3 \(note\) on they are missing/, /Remedy: /],
  },
  {
    name: 'a wrongly encoded line',
    bad: Buffer.from([0x39, 0x2c, 0x39, 0x30, 0x2c, 0xff, 0xfe]),
    says: [/line 4, column 3 \(note\): the bytes are not valid utf-?8/i, /Remedy: .*csv\.file\.charset/],
  },
  { name: 'a value that does not fit its type', bad: Buffer.from('9,ninety,x'), says: [/line 4/, /amount/] },
] as const;

let stage: WorkerStage;
before(async () => {
  stage = await WorkerStage.open();
});
after(() => stage[Symbol.asyncDispose]());

function write(file: string, line: Uint8Array): void {
  writeFileSync(file, Buffer.concat([Buffer.from('id,amount,note\n1,10,a\n2,20,b\n'), line, Buffer.from('\n3,30,c\n4,40,d\n')]));
}

for (const { name, bad, says } of cases) {
  test(`${name}, not tolerated: the task fails at it; mended, every row is there once`, { timeout: 400_000 }, async () => {
    const connector = uniqueName('csv');
    const file = join(stage.worker.folder, `${connector}.csv`);
    write(file, bad);
    await stage.create(connector, { ...csvConfig(file, connector, 'id:long,amount:int,note:string'), 'key.fields': 'id', ...plainJson });
    const trace = await stage.failed(connector);
    for (const part of [...says, new RegExp(`${connector}\\.csv`)]) assert.match(trace, part);
    assert.deepEqual(column(await readTexts(connector, 2), 'id'), [1, 2], 'the rows before the bad one are delivered');
    await stage.othersGoOn();
    write(file, Buffer.from('9,90,x'));
    await stage.restart(connector);
    assert.deepEqual(column(await readTexts(connector, 5), 'id'), [1, 2, 9, 3, 4]);
  });

  test(`${name}, tolerated: it is a dead letter, the rows around it arrive`, { timeout: 400_000 }, async () => {
    const connector = uniqueName('csv');
    const file = join(stage.worker.folder, `${connector}.csv`);
    write(file, bad);
    await stage.create(connector, {
      ...csvConfig(file, connector, 'id:long,amount:int,note:string'),
      'key.fields': 'id',
      ...plainJson,
      'errors.tolerance': 'all',
      'errors.log.enable': 'true',
      'errors.deadletterqueue.topic.name': `${connector}-dead`,
      'errors.deadletterqueue.context.headers.enable': 'true',
    });
    assert.deepEqual(column(await readTexts(connector, 4), 'id'), [1, 2, 3, 4]);
    const [letter] = await readTexts(`${connector}-dead`, 1);
    assert.ok(letter !== undefined);
    const { headers, value } = letter;
    assert.equal(headers['__connect.errors.connector.name'], connector);
    assert.match(`${headers['__connect.errors.exception.message']} ${headers['__connect.errors.source.position']}`, /line 4/);
    assert.equal(value, `${bad.toString('utf8')}\n`, 'the line as it stands in the file');
    const status = await stage.status(connector);
    assert.deepEqual([status.tasks[0]?.state, status.tasks[0]?.trace], ['RUNNING', undefined]);
    assert.match(await stage.worker.log(), new RegExp(`A record was left out.*${connector}|${connector}.*A record was left out`));
    await stage.othersGoOn();
  });
}
