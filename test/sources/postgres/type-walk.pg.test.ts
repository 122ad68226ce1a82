import assert from 'node:assert/strict';
import { test } from 'node:test';

import { avroSchemaText } from '../../../src/avro/avro-schema.ts';
import { avroValueWriter } from '../../../src/avro/avro-value-writer.ts';
import { ByteSink } from '../../../src/base/byte-sink.ts';
import { Change } from '../../../src/record/change.ts';
import type { Schema } from '../../../src/record/schema.ts';
import type { Shape } from '../../../src/record/shape.ts';
import { loadTables } from '../../../src/sources/postgres/catalog.ts';
import type { RelationCatalog } from '../../../src/sources/postgres/relation-catalog.ts';
import { buildTableShape } from '../../../src/sources/postgres/table-shape.ts';
import { TypeCatalog } from '../../../src/sources/postgres/type-catalog.ts';
import { RowEncoder } from '../../../src/text/row-encoder.ts';
import { compileRow } from '../../../src/text/row-program.ts';
import { CollectingOutlet } from '../../support/collecting-outlet.ts';
import { createDatabase, type Database } from '../../support/database.ts';
import { plainDecoder, plainJson } from '../../support/plain-decoder.ts';
import { DecoderFixture } from './decoder-fixture.ts';
import { createExtensionTypes } from './extension-types.ts';
import { readSnapshot } from './one-snapshot.ts';
import { servers } from './servers.ts';
import { testSettings } from './test-settings.ts';
import { binaries, decimals, hstores, intervals, times, walk, type Form, type Modes } from './type-walk.ts';

type Row = Readonly<Record<string, unknown>>;

/** Rows as avsc reads them, and the schemas of their fields. */
class AvroRows {
  readonly rows: Row[] = [];
  fields: readonly { readonly name: string; readonly schema: Schema }[] = [];

  constructor(out: CollectingOutlet) {
    const [declare, emit] = [out.declare.bind(out), out.emit.bind(out)];
    let read: ((change: Change) => Row) | null = null;
    out.declare = (shape) => {
      read = this.#reader(shape);
      return declare(shape);
    };
    out.emit = (change) => {
      if (read !== null) this.rows.push(read(change));
      return emit(change);
    };
  }

  #reader(shape: Shape): (change: Change) => Row {
    this.fields = shape.value.schema.fields?.find((field) => field.name === 'after')?.schema.fields ?? [];
    const nothing = new Uint8Array(0);
    const program = compileRow(shape.value, shape.schema, avroValueWriter, { prefix: nothing, suffix: nothing });
    const encoder = new RowEncoder(program, avroValueWriter);
    const decoder = plainDecoder(avroSchemaText(shape.value.schema, { connectMetaData: true }));
    return (change) => {
      const sink = new ByteSink(Buffer.alloc(256 * 1024));
      encoder.encode(change, sink);
      return plainJson((decoder.fromBuffer(Buffer.from(sink.bytes.subarray(0, sink.at))) as { after: unknown }).after) as Row;
    };
  }
}

/** Every mode of every kind, and each beside others. */
const runs: readonly Modes[] = times.map((time, at) => ({
  time,
  decimal: decimals[at % 3] ?? 'precise',
  interval: intervals[at % 2] ?? 'numeric',
  binary: binaries[at % 4] ?? 'bytes',
  hstore: hstores[at % 2] ?? 'json',
}));

function everyMode(): readonly Modes[] {
  return times.flatMap((time) =>
    decimals.flatMap((decimal) =>
      intervals.flatMap((interval) =>
        binaries.flatMap((binary) => hstores.map((hstore): Modes => ({ time, decimal, interval, binary, hstore }))),
      ),
    ),
  );
}

function configOf(modes: Modes, without: readonly string[]): Record<string, string> {
  return {
    'time.precision.mode': modes.time,
    'decimal.handling.mode': modes.decimal,
    'interval.handling.mode': modes.interval,
    'binary.handling.mode': modes.binary,
    'hstore.handling.mode': modes.hstore,
    'include.unknown.datatypes': 'true',
    ...(without.length === 0 ? {} : { 'column.exclude.list': without.map((name) => `public.walk.${name}`).join(',') }),
  };
}

async function snapshotOf(database: Database, extra: Readonly<Record<string, string>>): Promise<AvroRows> {
  const out = new CollectingOutlet();
  const rows = new AvroRows(out);
  await readSnapshot(database, out, { extra });
  return rows;
}

/** What the server's decoder makes of the same rows, through ours. */
async function streamOf(catalog: RelationCatalog, messages: readonly Buffer[], extra: Readonly<Record<string, string>>): Promise<AvroRows> {
  const fixture = new DecoderFixture([], { settings: extra, catalog });
  const rows = new AvroRows(fixture.out);
  const header = Buffer.alloc(25);
  header[0] = 0x77;
  await fixture.feed(messages.map((message) => Buffer.concat([header, message])));
  return rows;
}

function outline(schema: Schema | undefined): string {
  if (schema?.type === 'array') return `array${schema.name === undefined ? '' : ` ${schema.name}`} of ${outline(schema.items)}`;
  return `${schema?.type}${schema?.name === undefined ? '' : ` ${schema.name}`}`;
}

const column = (index: number): string => `c${index}`;
const rowCount = Math.max(...walk.map((step) => step.values.length));

async function prepare(database: Database): Promise<readonly Buffer[]> {
  await createExtensionTypes(database);
  await database.query(`
    CREATE DOMAIN place AS ext.geometry; CREATE EXTENSION citext; CREATE EXTENSION ltree SCHEMA pg_catalog; CREATE EXTENSION hstore; CREATE EXTENSION isn;
    CREATE SCHEMA other; CREATE TYPE other.geometry AS ENUM ('x', 'y');
    CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN price AS numeric(8,2); CREATE TYPE pair AS (a int, b text);
    CREATE TABLE walk (id int PRIMARY KEY, ${walk.map((step, index) => `${column(index)} ${step.type}`).join(', ')});
    CREATE PUBLICATION walk FOR TABLE walk;`);
  await database.query(`SELECT pg_create_logical_replication_slot('${database.name}', 'pgoutput')`);
  for (let row = 0; row < rowCount; row += 1) {
    await database.query(`INSERT INTO walk VALUES (${row}, ${walk.map((step) => step.values[row] ?? 'NULL').join(', ')})`);
  }
  await database.query(
    `SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres'; SET TimeZone = 'UTC'; SET extra_float_digits = 3; SET bytea_output = 'hex'`,
  );
  const messages = await database.query<{ data: Buffer }>(
    `SELECT data FROM pg_logical_slot_get_binary_changes('${database.name}', NULL, NULL, 'proto_version', '1', 'publication_names', 'walk')`,
  );
  return messages.map(({ data }) => data);
}

for (const [version, url] of servers) {
  test(`Postgres ${version}: every type in every mode, from the snapshot and from the stream`, async (context) => {
    await using database = await createDatabase(url);
    const messages = await prepare(database);
    const client = await database.connect();
    const types = await TypeCatalog.load(client);
    const catalog: RelationCatalog = {
      table: async (oid) => (await loadTables(client, { oids: [oid] }))[0] ?? null,
      types: async (oids) => types.resolve(client, oids).then(() => types),
    };
    await context.test('no mode changes what is not its own', async () => {
      const [info] = await loadTables(client, { accepts: (_schema, table) => table === 'walk' });
      if (info === undefined) throw new Error('the table is gone');
      await types.resolve(
        client,
        info.columns.map(({ typeOid }) => typeOid),
      );
      const wireColumns = info.columns.map(({ name, typeOid, typmod }) => ({ name, typeOid, typmod, isKey: name === 'id' }));
      for (const modes of everyMode()) {
        const settings = testSettings(configOf(modes, []));
        const { rowSchema } = buildTableShape({ schema: 'public', table: 'walk', wireColumns, identity: 'd', info, types, settings });
        const schemas = new Map(rowSchema.columns.map(({ name, schema }) => [name, schema]));
        for (const [index, step] of walk.entries()) {
          const form = step.form(modes);
          if (form !== null)
            assert.equal(outline(schemas.get(column(index))), form[0], `${step.type} with ${Object.values(modes).join(', ')}`);
        }
      }
    });
    for (const modes of runs) {
      await context.test(Object.values(modes).join(', '), async () => {
        const forms = walk.map((step) => step.form(modes));
        const extra = configOf(
          modes,
          forms.flatMap((form, index) => (form === null ? column(index) : [])),
        );
        for (const [from, read] of [
          ['snapshot', await snapshotOf(database, extra)],
          ['stream', await streamOf(catalog, messages, extra)],
        ] as const) {
          assert.equal(read.rows.length, rowCount, from);
          for (const [index, form] of forms.entries()) if (form !== null) checkColumn(read, index, form, from);
        }
      });
    }
  });
}

function checkColumn(read: AvroRows, index: number, form: Form, from: string): void {
  const [expected, ...values] = form;
  const type = `${walk[index]?.type} from the ${from}`;
  const schema = read.fields.find((field) => field.name === column(index))?.schema;
  assert.equal(outline(schema), expected, type);
  // Vectors are types with a name, and have no nulls.
  if (schema?.type === 'array' && schema.name === undefined) assert.equal(schema.items?.optional, true, type);
  for (const [row, value] of values.entries())
    assert.deepEqual(read.rows[row]?.[column(index)], value, `${type}: ${walk[index]?.values[row]}`);
  for (const row of read.rows.slice(values.length)) assert.equal(row[column(index)], null, type);
}
