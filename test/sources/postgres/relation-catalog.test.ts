import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TypeCatalog, type TableInfo } from '../../../src/sources/postgres/catalog.ts';
import { ReadAheadCatalog } from '../../../src/sources/postgres/relation-catalog.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const enumOid = 900;

/** A server with numbered tables, each `version` of which is another definition. */
class Server {
  view = '100:100:';
  version = 1;
  readonly asked: (readonly number[])[] = [];
  typesRead = 0;
  readonly clock = new ManualClock();
  readonly catalog: ReadAheadCatalog;

  constructor(tables: number, standby = false) {
    const types = new TypeCatalog();
    types.get = (oid) =>
      oid === enumOid
        ? ({ oid, kind: 'enum', elementOid: 0, baseOid: 0, rangeOf: 0, labels: [], attributes: [], versions: [] } as never)
        : null;
    types.has = () => true;
    const reader = {
      view: () => Promise.resolve(this.view),
      tables: (oids: readonly number[]) => {
        this.asked.push(oids);
        return Promise.resolve(oids.filter((oid) => oid <= tables).map((oid) => ({ oid, name: `v${this.version}` }) as TableInfo));
      },
      reloadTypes: () => {
        this.typesRead += 1;
        return Promise.resolve();
      },
      resolveTypes: () => Promise.resolve(),
    };
    const oids = Array.from({ length: tables }, (_none, at) => at + 1);
    this.catalog = new ReadAheadCatalog({ reader, types, tables: oids, standby, clock: this.clock });
  }

  async name(oid: number, xid: number): Promise<string | null> {
    return (await this.catalog.table(oid, xid))?.name ?? null;
  }
}

describe('ReadAheadCatalog', () => {
  it('asks for one table alone, and with the second question for all of a backlog', async () => {
    const server = new Server(40);
    for (let oid = 1; oid <= 40; oid += 1) assert.equal(await server.name(oid, 50), 'v1');
    assert.deepEqual(
      server.asked.map((oids) => oids.length),
      [1, 40],
    );
    assert.equal(server.asked[1]?.[0], 2);
  });

  it('asks again when the description came with a transaction that the answer may not have seen', async () => {
    const server = new Server(3);
    server.view = '100:120:105';
    await server.name(1, 50);
    server.version = 2;
    assert.equal(await server.name(1, 110), 'v1', 'committed before the answer');
    server.view = '130:130:';
    assert.equal(await server.name(1, 105), 'v2', 'was still running then');
    server.version = 3;
    server.view = '140:140:';
    assert.equal(await server.name(1, 130), 'v3', 'began later');
    assert.equal(await server.name(1, 0), 'v3');
    server.version = 4;
    assert.equal(await server.name(1, 0), 'v4', 'nobody knows when it came');
  });

  it('compares transactions across the end of their numbers', async () => {
    const server = new Server(1);
    server.view = `${2 ** 32 + 10}:${2 ** 32 + 10}:`;
    await server.name(1, 5);
    server.version = 2;
    assert.equal(await server.name(1, 2 ** 32 - 4), 'v1');
    server.view = `${2 ** 32 + 20}:${2 ** 32 + 20}:`;
    assert.equal(await server.name(1, 12), 'v2');
  });

  it('on a standby trusts an answer only about transactions older than all that were running', async () => {
    const server = new Server(1, true);
    server.view = '100:120:';
    await server.name(1, 50);
    server.version = 2;
    assert.equal(await server.name(1, 99), 'v1');
    assert.equal(await server.name(1, 110), 'v2');
  });

  it('takes others along once in a while only: descriptions that come one by one cost no more than before', async () => {
    const server = new Server(10);
    for (let xid = 100; xid < 120; xid += 1) {
      server.view = `${xid + 1}:${xid + 1}:`;
      await server.name((xid % 10) + 1, xid);
    }
    assert.deepEqual(
      server.asked.map((oids) => oids.length),
      [1, 10, ...Array.from({ length: 18 }, () => 1)],
    );
    await server.clock.advance(1001);
    server.view = '201:201:';
    assert.equal(await server.name(1, 200), 'v1');
    assert.equal(server.asked.at(-1)?.length, 1, 'the first for a while');
  });

  it('knows that a table is gone, and reads one that nobody announced', async () => {
    const server = new Server(2);
    assert.equal(await server.name(7, 50), null);
    assert.equal(await server.name(7, 50), null);
    assert.deepEqual(server.asked, [[7]]);
  });

  it('asks again for a table that is not visible yet, because its commit was streamed a moment before; not for ever', async () => {
    const server = new Server(2);
    const early = server.catalog.table(7, 120);
    await server.clock.advance(15);
    server.view = '130:130:';
    await server.clock.advance(15);
    assert.equal(await early, null);
    assert.ok(server.asked.length >= 2, String(server.asked.length));
    let done = false;
    const never = server.catalog.table(8, 140).then(() => (done = true));
    await server.clock.advance(200);
    assert.ok(!done);
    await server.clock.advance(1000);
    await never;
  });

  it('asks again for a table whose alteration is not visible yet', async () => {
    const server = new Server(1);
    const altered = server.name(1, 120);
    await server.clock.advance(1);
    server.version = 2;
    server.view = '130:130:';
    await server.clock.advance(15);
    assert.equal(await altered, 'v2');
  });

  it('reads enums anew for a transaction that the last reading may not have seen', async () => {
    const server = new Server(1);
    for (const xid of [null, null, 50, 99]) await server.catalog.types([enumOid], xid);
    assert.equal(server.typesRead, 1);
    await server.catalog.types([1], 200);
    assert.equal(server.typesRead, 1, 'no enum');
    await server.catalog.types([enumOid], 100);
    assert.equal(server.typesRead, 2);
  });
});
