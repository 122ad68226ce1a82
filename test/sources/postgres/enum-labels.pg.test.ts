import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Schema } from '../../../src/record/schema.ts';
import { CellState, TupleView } from '../../../src/record/tuple-view.ts';
import { EnumLabels } from '../../../src/sources/postgres/enum-labels.ts';
import { TypeCatalog } from '../../../src/sources/postgres/type-catalog.ts';
import { createDatabase } from '../../support/database.ts';
import { AdhocStage } from './adhoc/adhoc-stage.ts';
import { servers } from './servers.ts';
import { startSource, untilStreaming } from './source-fixture.ts';
import { testSettings } from './test-settings.ts';

for (const [version, server] of servers) {
  test(`Postgres ${version}: the first record with a new label of an enum has a schema that lists it`, async () => {
    await using db = await createDatabase(server);
    await db.query(`CREATE TYPE mood AS ENUM ('sad', 'it''s "b\\c" {,}'); CREATE DOMAIN temper AS mood;
      CREATE TABLE people (id int PRIMARY KEY, mood temper, moods mood[])`);
    await using running = startSource(db);
    await untilStreaming(db, running);
    // Each is taken before the next, so that the type is not read ahead of what is shown here.
    const steps: readonly (readonly [changes: number, ...sql: string[]])[] = [
      [1, `INSERT INTO people SELECT 1, m, ARRAY[m, NULL, 'sad'] FROM unnest(enum_range(NULL::mood)) m ORDER BY m DESC LIMIT 1`],
      [2, `ALTER TYPE mood ADD VALUE 'so so' BEFORE 'sad'`, `ALTER TYPE mood ADD VALUE 'null'`, `UPDATE people SET mood = 'so so'`],
      [5, `ALTER TYPE mood ADD VALUE 'happy'`, `UPDATE people SET id = 2, moods = '{{happy},{"null"}}'`],
      [6, `INSERT INTO people VALUES (3, 'happy', '{}')`],
      // What its text was is not in the catalog any more when it is asked for.
      [
        9,
        `ALTER TYPE mood ADD VALUE 'odd'`,
        `BEGIN; INSERT INTO people VALUES (4, 'odd'), (5, 'odd'); ALTER TYPE mood RENAME VALUE 'odd' TO 'even';
         INSERT INTO people VALUES (6, 'even'); COMMIT`,
      ],
    ];
    for (const [changes, ...statements] of steps) {
      for (const sql of statements) await db.query(sql);
      await running.out.untilChanges(changes);
    }
    const told = running.out.changes.map(({ after, schemaId }) => {
      const schema = running.out.shapes.find((shape) => shape.schema.id === schemaId)?.schema.columns;
      const [mood, moods] = [schema?.[1]?.schema.parameters?.['allowed'], schema?.[2]?.schema.items?.parameters?.['allowed']];
      assert.equal(mood, moods);
      return [after?.['id'], after?.['mood'], mood];
    });
    const odd = `it's "b\\c" {,}`;
    const happy = `so so,sad,${odd},null,happy`;
    assert.deepEqual(told, [
      ['1', odd, `sad,${odd}`],
      ['1', 'so so', `so so,sad,${odd},null`],
      [undefined, undefined, happy],
      [undefined, undefined, happy],
      ['2', 'so so', happy],
      ['3', 'happy', happy],
      ['4', 'odd', `${happy},even`],
      ['5', 'odd', `${happy},even`],
      ['6', 'even', `${happy},even`],
    ]);
    assert.equal(new Set(running.out.changes.map(({ schemaId }) => schemaId)).size, 4, 'read again only for what is new');
  });
}

const structs = { 'connector.class': 'millrace.PostgresSource', 'range.handling.mode': 'struct' };
const types = `CREATE DOMAIN temper AS mood; CREATE TYPE span AS RANGE (subtype = mood, multirange_type_name = spans);
  CREATE TYPE state AS (n text, m temper, list mood[], s span, many spans); CREATE TYPE outer_state AS (one state, more state[]);
  CREATE DOMAIN state_domain AS state;`;

/** Every list of labels in it. */
function allowed(schema: Schema): string[] {
  const inner = [...(schema.fields ?? []).map((field) => field.schema), ...(schema.items === undefined ? [] : [schema.items])];
  const own = schema.parameters?.['allowed'];
  return [...(own === undefined ? [] : [own]), ...inner.flatMap(allowed)];
}

/** Expressions of SQL that hold the label. */
const holders: readonly (readonly [type: string, value: (label: string) => string])[] = [
  ['temper[]', (label) => `ARRAY[NULL, '${label}']::temper[]`],
  ['span', (label) => `span('${label}', NULL)`],
  ['spans', (label) => `spans(span(NULL, '${label}'))`],
  ['state', (label) => `ROW('x,"(', '${label}', NULL, NULL, NULL)::state`],
  ['state_domain', (label) => `ROW(NULL, NULL, ARRAY['${label}'::mood], NULL, NULL)::state`],
  ['state[]', (label) => `ARRAY[NULL, ROW(NULL, NULL, NULL, span('${label}', '${label}', '[]'), NULL)::state]`],
  ['outer_state', (label) => `ROW(ROW('a', NULL, NULL, NULL, spans(span('${label}', NULL)))::state, NULL)::outer_state`],
  ['outer_state[]', (label) => `ARRAY[ROW(NULL, ARRAY[ROW('"', NULL, ARRAY['${label}'::mood], NULL, NULL)::state])::outer_state]`],
];

for (const [version, server] of servers) {
  test(`Postgres ${version}: the same where the enum stands in arrays, ranges and composites`, async () => {
    await using db = await createDatabase(server);
    await db.query(`CREATE TYPE mood AS ENUM ('known'); ${types}
      CREATE TABLE people (id int PRIMARY KEY, ${holders.map(([type], at) => `c${at} ${type}`).join(', ')})`);
    await using running = startSource(db, { extra: structs });
    await untilStreaming(db, running);
    await db.query('INSERT INTO people VALUES (-1)');
    await running.out.untilChanges(1);
    const lists: string[] = ['known'];
    for (const [at, [type, value]] of holders.entries()) {
      const label = `new "${at}" (\\{,}`;
      // One is read before the next is there.
      await db.query(`ALTER TYPE mood ADD VALUE '${label}'`);
      await db.query(`INSERT INTO people (id, c${at}) VALUES (${2 * at}, ${value('known')}), (${2 * at + 1}, ${value(label)})`);
      const changes = await running.out.untilChanges(2 * at + 3);
      lists.push(label);
      const { schemaId } = changes[2 * at + 2] ?? {};
      const columns = running.out.shapes.find((shape) => shape.schema.id === schemaId)?.schema.columns ?? [];
      const told = columns.flatMap(({ schema }) => allowed(schema));
      assert.ok(told.length > holders.length);
      assert.deepEqual(new Set(told), new Set([lists.join(',')]), type);
    }
    assert.equal(new Set(running.out.changes.map(({ schemaId }) => schemaId)).size, holders.length + 1, 'read again only for what is new');
  });

  test(`Postgres ${version}: a label that is not listed is found in whatever the server prints`, async () => {
    await using db = await createDatabase(server);
    const odd = ['a', 'b c', '"', '\\', '', 'NULL', 'null', '{', '}', '(', ')', ',', '[', 'x"y', 'x\\y', "'", 'é', 'empty'];
    const sql = odd.map((label) => label.replaceAll("'", "''"));
    await db.query(`CREATE TYPE mood AS ENUM (${sql.map((label) => `'${label}'`).join(', ')}); ${types}`);
    const catalog = await TypeCatalog.load(await db.connect());
    const [row] = await db.query<Record<string, number>>(
      `SELECT ${holders.map(([type], at) => `'${type}'::regtype::oid AS c${at}`).join(', ')}`,
    );
    for (const [at, [type, value]] of holders.entries()) {
      const cells = await db.query<{ text: string }>(sql.map((label) => `SELECT (${value(label)})::text AS text`).join(' UNION ALL '));
      for (const [missing, label] of odd.entries()) {
        const known = { kind: 'enum', labels: odd.toSpliced(missing, 1) };
        const partial = Object.assign(new TypeCatalog(), {
          get: (oid: number) => (catalog.get(oid)?.kind === 'enum' ? { ...catalog.get(oid), ...known } : catalog.get(oid)),
        });
        const labels = EnumLabels.of([row?.[`c${at}`] ?? 0], Int16Array.of(0), partial, testSettings(structs).types);
        const found = cells.flatMap(({ text }, index) => (labels?.lists(tuple(text)) === false ? [odd[index]] : []));
        assert.deepEqual(found, [label], `${type}: ${cells[missing]?.text}`);
      }
    }
  });
}

function tuple(text: string): TupleView {
  const view = new TupleView(1);
  view.bytes = Buffer.from(`"${text}"`);
  view.count = 1;
  view.state[0] = CellState.TEXT;
  view.start[0] = 1;
  view.end[0] = view.bytes.length - 1;
  return view;
}

for (const kind of ['incremental', 'blocking'] as const) {
  test(`a row of an ${kind} snapshot with a label that came meanwhile has a schema that lists it`, async () => {
    await using db = await createDatabase();
    await using stage = await AdhocStage.open(db, 4, { ...structs, 'incremental.snapshot.chunk.size': '2' });
    await db.query(`CREATE TYPE mood AS ENUM ('known'); CREATE TYPE state AS (m mood); ALTER TABLE orders ADD COLUMN s state`);
    let labels = 0;
    // Before each look at the rows, the first of them included.
    stage.onInterlude = async () => {
      labels += 1;
      if (labels > 6) return;
      await db.query(`ALTER TYPE mood ADD VALUE 'new ${labels}'`);
      await db.query(`UPDATE orders SET s = ROW('new ${labels}')::state`);
    };
    await stage.read(kind);
    const { changes, shapes } = stage.fixture.out;
    const rows = changes.filter((change) => change.table === 'public.orders');
    assert.equal(rows.length, 4);
    for (const { after, schemaId } of rows) {
      const columns = shapes.find((shape) => shape.schema.id === schemaId)?.schema.columns ?? [];
      const state = after?.['s'];
      const label = typeof state === 'string' ? state.replaceAll(/[()"]/g, '') : '';
      assert.match(label, /^new \d$/);
      assert.ok(
        columns.flatMap(({ schema }) => allowed(schema)).some((list) => list.split(',').includes(label)),
        label,
      );
    }
  });
}
