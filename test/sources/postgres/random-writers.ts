import type { Client } from 'pg';

/** PROPERTY_SEED repeats a run. */
export const seed = Number(process.env['PROPERTY_SEED'] ?? Date.now() % 1_000_000);

/** Mulberry32: a failing run can be repeated with PROPERTY_SEED. */
export function randomFrom(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * below);
  };
}

/** Table → key columns; `[]`: no key, only inserts. */
export const tables: Readonly<Record<string, readonly string[]>> = {
  'public.ints': ['id'],
  'public.texts': ['id'],
  'public.uuids': ['id'],
  'public.pairs': ['a', 'b'],
  'public.log': [],
};

const rowsEach = 1500;

/** The texts have an order of their own, which is not that of their bytes. */
export const schema = `
  CREATE TABLE ints (id int PRIMARY KEY, v text, gap text);
  CREATE TABLE texts (id varchar(40) COLLATE "und-x-icu" PRIMARY KEY, v text, gap text);
  CREATE TABLE uuids (id uuid PRIMARY KEY, v text, gap text);
  CREATE TABLE pairs (a smallint, b numeric(10,2), v text, gap text, PRIMARY KEY (b, a));
  CREATE TABLE log (message text);
  INSERT INTO ints SELECT i - 700, 'start' FROM generate_series(1, ${rowsEach}) i;
  INSERT INTO texts SELECT chr(33 + i % 90) || chr(192 + i % 60) || i, 'start' FROM generate_series(1, ${rowsEach}) i;
  INSERT INTO uuids SELECT md5(i::text)::uuid, 'start' FROM generate_series(1, ${rowsEach}) i;
  INSERT INTO pairs SELECT i % 50 - 25, i / 10.0 - 60, 'start' FROM generate_series(1, ${rowsEach}) i;
  INSERT INTO log SELECT 'start ' || i FROM generate_series(1, ${rowsEach}) i;`;

/** Random transactions on all tables until told to stop: inserts, updates, deletes, key changes, savepoints, rollbacks. */
export async function write(client: Client, random: (below: number) => number, stopped: () => boolean, name: string): Promise<number> {
  let written = 0;
  while (!stopped()) {
    await client.query('BEGIN');
    const statements = 1 + random(6);
    for (let index = 0; index < statements; index += 1) {
      written += 1;
      const nested = random(4) === 0;
      if (nested) await client.query('SAVEPOINT s');
      const tag = `${name}-${written}`;
      try {
        await client.query('SAVEPOINT one');
        await client.query(statement(random, tag));
      } catch (error) {
        // Two writers chose the same new key, or waited for each other.
        if (!['23505', '40P01'].includes((error as { code?: string }).code ?? '')) throw error;
        await client.query('ROLLBACK TO one');
      }
      if (nested && random(3) === 0) await client.query('ROLLBACK TO s');
    }
    await client.query(random(8) === 0 ? 'ROLLBACK' : 'COMMIT');
  }
  return written;
}

function statement(random: (below: number) => number, tag: string): string {
  const table = ['ints', 'texts', 'uuids', 'pairs', 'log'][random(5)];
  if (table === 'log') return `INSERT INTO log VALUES ('${tag}')`;
  const number = random(2000);
  const [key, values] = {
    ints: ['id', String(number - 700)],
    texts: ['id', `chr(${33 + (number % 90)}) || chr(${192 + (number % 60)}) || ${number}`],
    uuids: ['id', `md5('${number}')::uuid`],
    pairs: ['(a, b)', `${(number % 50) - 25}, ${number / 10 - 60}`],
  }[table ?? ''] ?? ['', ''];
  // Any row near a random place, without a scan of all.
  const some = `ctid = (SELECT ctid FROM ${table} OFFSET ${random(1200)} LIMIT 1)`;
  switch (random(5)) {
    case 0:
    case 1:
      return table === 'pairs' ? `INSERT INTO pairs VALUES (${values}, '${tag}')` : `INSERT INTO ${table} VALUES (${values}, '${tag}')`;
    case 2:
      return `UPDATE ${table} SET v = '${tag}' WHERE ${some}`;
    case 3:
      return `DELETE FROM ${table} WHERE ${some}`;
    default:
      return table === 'pairs'
        ? `UPDATE pairs SET (a, b) = (SELECT ${values}), v = '${tag}' WHERE ${some}`
        : `UPDATE ${table} SET ${key} = ${values}, v = '${tag}' WHERE ${some}`;
  }
}
