import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { createDatabase, type Database } from '../../support/database.ts';
import { servers } from './servers.ts';
import { startSource, untilStreaming } from './source-fixture.ts';

interface Step {
  readonly kind: 'insert' | 'update' | 'delete' | 'add' | 'drop' | 'rename' | 'retype' | 'default' | 'commit';
  readonly row: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom<Step['kind'][]>(
    'insert',
    'insert',
    'insert',
    'update',
    'update',
    'delete',
    'add',
    'drop',
    'rename',
    'retype',
    'default',
    'commit',
  ),
  row: fc.nat(5),
});

interface Column {
  name: string;
  type: 'text' | 'integer';
}

/** What the table said of each row at the very moment of its change: names and text of all columns. */
interface Expected {
  readonly op: string;
  readonly row: Readonly<Record<string, string | null>>;
}

/** Runs the steps in transactions of any length, each in the table's form of that moment. */
class Script {
  readonly expected: Expected[] = [];
  readonly #database: Database;
  readonly #table: string;
  readonly #columns: Column[] = [{ name: 'c0', type: 'text' }];
  #names = 0;

  constructor(database: Database, table: string) {
    this.#database = database;
    this.#table = table;
  }

  async run(steps: readonly Step[]): Promise<void> {
    await this.#sql('BEGIN');
    for (const each of steps) await this.#step(each);
    await this.#sql('COMMIT');
  }

  async #step({ kind, row }: Step): Promise<void> {
    const column = this.#columns[row % Math.max(1, this.#columns.length)];
    switch (kind) {
      case 'commit':
        await this.#sql('COMMIT');
        await this.#sql('BEGIN');
        return;
      case 'add':
        this.#columns.push({ name: this.#name(), type: row % 2 === 0 ? 'text' : 'integer' });
        await this.#alter(`ADD COLUMN ${this.#columns.at(-1)?.name} ${this.#columns.at(-1)?.type} DEFAULT ${row}`);
        return;
      case 'drop':
        if (column === undefined || this.#columns.length < 2) return;
        this.#columns.splice(this.#columns.indexOf(column), 1);
        await this.#alter(`DROP COLUMN ${column.name}`);
        return;
      case 'rename': {
        if (column === undefined) return;
        const name = this.#name();
        await this.#alter(`RENAME COLUMN ${column.name} TO ${name}`);
        column.name = name;
        return;
      }
      case 'retype':
        if (column === undefined || column.type !== 'integer') return;
        await this.#alter(
          `ALTER COLUMN ${column.name} DROP DEFAULT, ALTER COLUMN ${column.name} TYPE text USING ${column.name}::text || 'x'`,
        );
        column.type = 'text';
        return;
      case 'default':
        if (column === undefined) return;
        await this.#alter(`ALTER COLUMN ${column.name} SET DEFAULT '7'`);
        return;
      case 'insert':
      case 'update':
      case 'delete':
        await this.#change(kind, row);
    }
  }

  async #change(kind: 'insert' | 'update' | 'delete', row: number): Promise<void> {
    const value = (column: Column): string => (column.type === 'text' ? `'t${row}'` : String(row));
    const names = this.#columns.map(({ name }) => name);
    const sql = {
      insert: `INSERT INTO ${this.#table} (id, ${names.join(', ')}) VALUES (${row}, ${this.#columns.map(value).join(', ')}) ON CONFLICT DO NOTHING RETURNING *`,
      update: `UPDATE ${this.#table} SET ${names[row % names.length]} = ${this.#columns.map(value)[row % names.length]} WHERE id = ${row} RETURNING *`,
      delete: `DELETE FROM ${this.#table} WHERE id = ${row} RETURNING *`,
    }[kind];
    for (const found of await this.#sql(sql)) {
      const texts = Object.entries(found).map(([name, cell]) => [
        name,
        cell === null ? null : typeof cell === 'string' ? cell : JSON.stringify(cell),
      ]);
      this.expected.push({ op: kind.charAt(0) === 'i' ? 'c' : kind.charAt(0), row: Object.fromEntries(texts) });
    }
  }

  #alter(change: string): Promise<unknown> {
    return this.#sql(`ALTER TABLE ${this.#table} ${change}`);
  }

  #sql(statement: string): Promise<Record<string, unknown>[]> {
    return this.#database.query(statement);
  }

  #name(): string {
    this.#names += 1;
    return `c${this.#names}`;
  }
}

for (const [version, url] of servers) {
  test(`every record has the shape of its moment, whatever is altered between and inside transactions (Postgres ${version})`, async () => {
    await using database = await createDatabase(url);
    await database.query('CREATE TABLE warm (id int PRIMARY KEY)');
    await using running = startSource(database);
    await untilStreaming(database, running);
    let number = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        number += 1;
        const table = `shapes${number}`;
        await database.query(`CREATE TABLE ${table} (id int PRIMARY KEY, c0 text); ALTER TABLE ${table} REPLICA IDENTITY FULL`);
        const from = running.out.changes.length;
        const script = new Script(database, table);
        await script.run(steps);
        await database.query(`INSERT INTO warm VALUES (${number})`);
        await running.out.until(() =>
          running.out.changes.some((change) => change.table === 'public.warm' && change.after?.['id'] === String(number)),
        );
        const found = running.out.changes
          .slice(from)
          .filter((change) => change.table === `public.${table}` && change.op !== 'tombstone')
          .map(({ op, before, after }): Expected => ({ op, row: (after ?? before) as Expected['row'] }));
        assert.deepEqual(found, script.expected);
      }),
      { numRuns: 25 },
    );
  });
}
