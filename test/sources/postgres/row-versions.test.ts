import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { CompositeWatch, type CompositeReading } from '../../../src/sources/postgres/composite-watch.ts';
import { dated, definitionBefore, versionsBetween, type DatedAttribute } from '../../../src/sources/postgres/row-versions.ts';
import { TypeCatalog } from '../../../src/sources/postgres/type-catalog.ts';

/** `1 2- 3!`: attributes by number; `-` dropped, `!` changed lately. */
function attributes(text: string): DatedAttribute[] {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => {
      const number = Number.parseInt(word, 10);
      return { name: `a${number}`, number, typeOid: 23, typmod: -1, dropped: word.includes('-'), recent: word.includes('!') };
    });
}

function versions(before: string | null, after: string): readonly (readonly number[])[] {
  return versionsBetween(before === null ? null : attributes(before), attributes(after));
}

describe('versions of a composite type', () => {
  it('is one where nothing changed', () => assert.deepEqual(versions('1 2', '1 2'), [[1, 2]]));
  it('are all beginnings of what was added', () =>
    assert.deepEqual(versions('1 2', '1 2 3 4'), [
      [1, 2, 3, 4],
      [1, 2, 3],
      [1, 2],
    ]));
  it('are before and after where fields were dropped', () => assert.deepEqual(versions('1 2 3', '1 2- 3-'), [[1], [1, 2, 3]]));
  it('cannot be told where fields were dropped and added', () => assert.deepEqual(versions('1 2', '1 2- 3'), []));
  it('cannot be told where a field came and went between', () => assert.deepEqual(versions('1 2', '1 2 3-'), []));
  it('cannot be told without a definition before', () => assert.deepEqual(versions(null, '1 2'), []));
});

/** Of the attributes that the definition before had; null: not to be told. */
function numbers(text: string): number[] | null {
  const before = definitionBefore(attributes(text));
  return before === null ? null : before.filter(({ dropped }) => !dropped).map(({ number }) => number);
}

describe('the definition before recent changes', () => {
  it('is the present one where there are none', () => assert.deepEqual(numbers('1 2- 3'), [1, 3]));
  it('lacks what may have been added', () => assert.deepEqual(numbers('1 2! 3!'), [1]));
  it('has what was only renamed', () => assert.deepEqual(numbers('1! 2'), [1, 2]));
  it('has what was dropped', () => assert.deepEqual(numbers('1 2-! 3'), [1, 2, 3]));
  it('is not to be told where fields were dropped and added', () => assert.equal(numbers('1 2-! 3!'), null));
  it('may have had no field at all', () => assert.deepEqual(numbers('1! 2!'), []));
});

function recent(xmins: readonly number[], typeXmin: number, horizon: number | null, gone: readonly number[] = []): boolean[] {
  const rows = xmins.map((xmin, at) => ({ name: `a${at}`, number: at + 1, typeOid: 23, typmod: -1, dropped: gone.includes(at), xmin }));
  return dated(rows, typeXmin, horizon).map((attribute) => attribute.recent);
}

describe('recent attributes', () => {
  it('are those that are not older than the horizon', () => assert.deepEqual(recent([50, 100, 101], 50, 100), [false, true, true]));
  it('are not those that came with the type', () => assert.deepEqual(recent([150, 150, 160], 150, 100), [false, false, true]));
  it('are all of a type that was renamed together with them', () => assert.deepEqual(recent([50, 150], 150, 100), [false, true]));
  it('are dropped ones of the transaction that wrote the type', () => assert.deepEqual(recent([150, 150], 150, 100, [1]), [true, true]));
  it('are compared modulo 2^32, and frozen ones are old', () =>
    assert.deepEqual(recent([2, 4_294_967_000, 10], 2, 5), [false, false, true]));
  it('are all where nothing is known', () => assert.deepEqual(recent([50, 60], 70, null), [true, true]));
});

const oid = 9;

/** A server whose type and transactions are as the test says. */
class Server {
  view = '100:100:';
  fields = '1 2';
  readings = 0;
  oldest: number | null | undefined = undefined;
  readonly types = new TypeCatalog();
  readonly watch: CompositeWatch;
  found: readonly (readonly number[])[] = [];

  constructor(standby = false) {
    this.types.redefine = (_oid, _attributes, found) => {
      const same = JSON.stringify(found) === JSON.stringify(this.found);
      this.found = found;
      return !same;
    };
    const read = async (_oids: readonly number[], running: boolean): Promise<CompositeReading> => {
      this.readings += 1;
      return {
        ...(running && this.oldest !== undefined ? { oldest: this.oldest } : {}),
        seen: this.view,
        read: this.view,
        attributes: new Map([[oid, attributes(this.fields)]]),
      };
    };
    this.watch = new CompositeWatch(read, this.types, standby);
  }
}

describe('CompositeWatch', () => {
  it('asks nothing while no composite type is used', () => {
    const server = new Server();
    assert.equal(server.watch.holds(500), true);
  });

  it('reads once for all transactions that had ended by then', async () => {
    const server = new Server();
    await server.watch.add([oid]);
    server.view = '200:210:205';
    assert.equal(server.watch.holds(99), true);
    assert.equal(server.watch.holds(150), false);
    assert.equal(await server.watch.verify(), false);
    assert.deepEqual(
      [150, 204, 205, 209, 210].map((xid) => server.watch.holds(xid)),
      [true, true, false, true, false],
    );
    await server.watch.add([oid]);
    assert.equal(server.readings, 2);
  });

  it('compares transactions modulo 2^32', async () => {
    for (const [later, oldest] of [
      ['4294967300:4294967300:', undefined],
      // One of another database runs for long.
      ['4294967290:4294967300:4294967290', 5],
    ] as const) {
      const server = new Server();
      server.view = '4294967200:4294967200:';
      await server.watch.add([oid]);
      server.view = '4294967290:4294967294:4294967290';
      server.fields = '1 2 3';
      assert.equal(await server.watch.verify(), true);
      [server.view, server.oldest] = [later, oldest];
      assert.equal(await server.watch.verify(), false);
      assert.equal(await server.watch.verify(), true);
      assert.deepEqual(server.found, [[1, 2, 3]]);
    }
  });

  it('has both definitions until all that ran at the change have passed', async () => {
    const server = new Server();
    await server.watch.add([oid]);
    server.view = '101:120:101';
    server.fields = '1 2 3';
    assert.equal(await server.watch.verify(), true);
    assert.deepEqual(server.found, [
      [1, 2, 3],
      [1, 2],
    ]);
    server.view = '101:130:101';
    assert.equal(await server.watch.verify(), false);
    server.view = '130:130:';
    assert.equal(await server.watch.verify(), false, 'the reading before still had one running');
    server.view = '140:140:';
    assert.equal(await server.watch.verify(), true);
    assert.deepEqual(server.found, [[1, 2, 3]]);
    // What comes next is compared with this definition and not with the first.
    server.view = '150:150:';
    server.fields = '1 2- 3';
    assert.equal(await server.watch.verify(), true);
    assert.deepEqual(server.found, [
      [1, 3],
      [1, 2, 3],
    ]);
  });

  it('does not wait for transactions of other databases', async () => {
    const server = new Server();
    await server.watch.add([oid]);
    server.view = '101:120:101';
    server.oldest = 119;
    server.fields = '1 2 3';
    await server.watch.verify();
    await server.watch.verify();
    assert.equal(await server.watch.verify(), false, 'one of this database is still running');
    for (const oldest of [120, null]) {
      server.fields += ` ${server.fields.split(' ').length + 1}`;
      await server.watch.verify();
      server.oldest = oldest;
      await server.watch.verify();
      assert.equal(await server.watch.verify(), true, 'settled');
    }
  });

  it('asks for every transaction of a standby that may not have ended', async () => {
    const server = new Server(true);
    server.view = '100:120:';
    await server.watch.add([oid]);
    assert.equal(server.watch.holds(99), true);
    assert.equal(server.watch.holds(110), false);
  });

  it('knows from the catalog what may have changed before it began', async () => {
    const server = new Server();
    server.fields = '1 2!';
    await server.watch.add([oid]);
    assert.deepEqual(server.found, [[1, 2], [1]]);
  });
});
