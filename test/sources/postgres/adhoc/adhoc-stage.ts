import type { Client } from 'pg';

import { systemClock } from '../../../../src/base/clock.ts';
import { silentLog } from '../../../../src/base/log.ts';
import { Metrics } from '../../../../src/base/metrics.ts';
import { AdhocState, type SnapshotQueue } from '../../../../src/sources/postgres/adhoc/adhoc-state.ts';
import { AdhocStream } from '../../../../src/sources/postgres/adhoc/adhoc-stream.ts';
import { RowWatch } from '../../../../src/sources/postgres/adhoc/row-watch.ts';
import { TypeCatalog } from '../../../../src/sources/postgres/catalog.ts';
import { highHalf, lowHalf, parseLsn } from '../../../../src/sources/postgres/lsn.ts';
import { SessionFactory, SqlSession } from '../../../../src/sources/postgres/session.ts';
import { TableFilter } from '../../../../src/sources/postgres/table-filter.ts';
import type { Database } from '../../../support/database.ts';
import { databaseKeys } from '../../../support/database-keys.ts';
import { intType, textType, WalScript, type ScriptTable } from '../../../support/wal-script.ts';
import { DecoderFixture } from '../decoder-fixture.ts';
import { testConfig } from '../test-settings.ts';
import { withNotes } from './adhoc-harness.ts';

/** Of the table that is read, as the stream describes it. */
const columns = [
  { name: 'id', type: intType, key: true },
  { name: 'item', type: textType },
];

/**
 * Snapshots beside a stream that the test plays: what it brings, and when, between the moment at which a database snapshot is
 * taken and the moment at which its rows are handed over. Tables, rows, locks and what is visible are those of a real server.
 */
export class AdhocStage implements AsyncDisposable {
  readonly state = new AdhocState();
  readonly watch = new RowWatch(null);
  readonly fixture: DecoderFixture;
  readonly table: ScriptTable;
  /** Before the stream stands still for the n-th time. */
  onInterlude: (count: number) => Promise<void> = async () => {};
  /** What the stream brings when it is first asked how far it is. Then it has brought everything. */
  brings: () => Promise<void> = async () => {};
  /** Somebody waits. */
  onSleep: (ms: number) => Promise<void> = async () => {};
  readonly #session: Client;
  readonly #sql: SqlSession;
  readonly #stream: AdhocStream;
  readonly #abort = new AbortController();
  #turn = Promise.resolve();
  #interludes = 0;
  #answering = false;
  #running: Promise<void> | null = null;

  private constructor(database: Database, session: Client, table: ScriptTable, extra: Readonly<Record<string, string>>) {
    this.#session = session;
    this.table = table;
    this.fixture = new DecoderFixture([table], { settings: { ...databaseKeys(database), ...withNotes, ...extra }, watch: this.watch });
    const { settings, change, registers, position, out, relations } = this.fixture;
    const sessions = new SessionFactory(settings.connection, 'stage');
    this.#sql = new SqlSession(sessions);
    const clock = {
      ...systemClock,
      sleep: async (ms: number, signal?: AbortSignal) => {
        await this.onSleep(ms);
        await systemClock.sleep(Math.min(ms, 10), signal);
      },
    };
    const start = {
      settings,
      source: { connector: 'stage', config: testConfig(), clock, log: silentLog, metrics: new Metrics() },
      sessions,
      sql: this.#sql,
      filter: new TableFilter(settings),
      types: new TypeCatalog(),
      server: { version: 180_000, systemId: '1', walEnd: 0n, timeline: 1, timelineHistory: new Map() },
      tables: [],
      renames: null,
      partitions: [],
    };
    const parts = { start, change, registers, position, watch: this.watch, state: this.state, out, relations, skipped: false };
    this.#stream = new AdhocStream(
      parts,
      {
        interlude: (work) =>
          void this.#next(async () => {
            await this.onInterlude((this.#interludes += 1));
            await work();
          }),
        ping: () => this.#answer(),
      },
      () => {},
    );
  }

  /** With a table `public.orders (id int PRIMARY KEY, item text)` of so many rows, all of them `old`. */
  static async open(database: Database, rows: number, extra: Readonly<Record<string, string>> = {}): Promise<AdhocStage> {
    await database.query(`CREATE TABLE orders (id int PRIMARY KEY, item text); CREATE PUBLICATION dbz_publication FOR ALL TABLES;
      INSERT INTO orders SELECT n, 'old' FROM generate_series(1, ${rows}) n`);
    const [row] = await database.query<{ oid: number }>("SELECT 'orders'::regclass::oid AS oid");
    const table = { id: row?.oid ?? 0, schema: 'public', name: 'orders', identity: 'd', columns } as const;
    return new AdhocStage(database, await database.connect(), table, extra);
  }

  /** Reads the table, as a signal asked for before a restart; resolves when that has been told. */
  async read(kind: 'incremental' | 'blocking', more: Partial<SnapshotQueue['collections'][number]> = {}): Promise<void> {
    const orders = { schema: 'public', table: 'orders', condition: null, surrogateKey: null, oid: null, partition: null };
    Object.assign(this.state[kind], { correlationId: 'asked', collections: [{ ...orders, ...more }], progress: null });
    const { out } = this.fixture;
    const told = out.changes.length;
    if (this.#running === null) this.#running = this.#stream.run(this.#abort.signal);
    // Nobody stores it, and nobody has to: it wakes what waits for signals.
    else this.#stream.signal({ id: 'wake', type: 'log', data: '{"message":"again"}' }).catch(() => {});
    await out.until(() => out.changes.slice(told).some(({ after }) => after?.['type'] === 'COMPLETED' || after?.['type'] === 'ABORTED'));
  }

  /** A script that goes on where the server's log ends now. */
  async script(): Promise<WalScript> {
    return new WalScript(await this.#end());
  }

  /** The stream brings these transactions. */
  async play(wal: WalScript): Promise<void> {
    await this.#next(async () => {
      await this.fixture.feed(wal.frames);
      this.#stream.look();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new Error('the test is over'));
    await this.#running;
    await this.#sql.close();
  }

  /** Everything that is in the log now has been brought. */
  #answer(): void {
    if (this.#answering) return;
    this.#answering = true;
    const { brings } = this;
    this.brings = async () => {};
    const answer = async (): Promise<void> => {
      await brings();
      const end = await this.#end();
      this.fixture.position.idle(highHalf(end), lowHalf(end));
      this.#answering = false;
      this.#stream.look();
    };
    answer().catch((error: unknown) => this.fixture.out.fail(error));
  }

  async #end(): Promise<bigint> {
    const { rows } = await this.#session.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn() AS lsn');
    return parseLsn(rows[0]?.lsn ?? '0/0');
  }

  /** One after the other, as in a stream. */
  #next(work: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(work).catch((error: unknown) => this.fixture.out.fail(error));
    return this.#turn;
  }
}
