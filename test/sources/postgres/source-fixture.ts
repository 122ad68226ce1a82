import { after } from 'node:test';

import { systemClock, type Clock } from '../../../src/base/clock.ts';
import { silentLog, type Logger } from '../../../src/base/log.ts';
import { Metrics } from '../../../src/base/metrics.ts';
import type { SourceOffset } from '../../../src/record/offset.ts';
import { PostgresSource } from '../../../src/sources/postgres/postgres-source.ts';
import { CollectingOutlet } from '../../support/collecting-outlet.ts';
import type { Database } from '../../support/database.ts';
import { uniqueName } from '../../support/unique-name.ts';
import { slotName, sourceConfig } from './source-config.ts';

export { slotName, sourceConfig } from './source-config.ts';

/** One run of a source into a collecting outlet. */
export interface Running extends AsyncDisposable {
  readonly source: PostgresSource;
  readonly out: CollectingOutlet;
  readonly metrics: Metrics;
  /** Settles when the run ends; never unhandled. */
  readonly ended: Promise<void>;
  /** Aborts and waits for the end; the source stays open for a confirmation. */
  stop(): Promise<void>;
}

export interface RunOptions {
  readonly offsets?: readonly SourceOffset[];
  readonly extra?: Readonly<Record<string, string>>;
  readonly prepare?: (out: CollectingOutlet) => void;
  readonly log?: Logger;
  readonly clock?: Clock;
}

export function startSource(database: Database, options: RunOptions = {}): Running {
  const metrics = new Metrics();
  const source = new PostgresSource({
    connector: uniqueName('connector'),
    config: sourceConfig(database, options.extra),
    clock: options.clock ?? systemClock,
    log: options.log ?? silentLog,
    metrics,
  });
  const out = new CollectingOutlet(() => source);
  options.prepare?.(out);
  const abort = new AbortController();
  const ended = source.run(options.offsets ?? [], out, abort.signal);
  ended.catch((error: unknown) => out.fail(error));
  const stop = async (): Promise<void> => {
    abort.abort(new Error('stopped by the test'));
    await ended;
  };
  return {
    source,
    out,
    metrics,
    ended,
    stop,
    async [Symbol.asyncDispose]() {
      await stop().catch(() => {});
      await source.close();
    },
  };
}

/** Resolves when the slot is being read, so that what is written now is streamed. Whoever is creating it holds it, too. */
export async function untilStreaming(database: Database, running: Running): Promise<void> {
  let failure: unknown = null;
  running.ended.then(
    () => (failure = new Error('the run has ended')),
    (error: unknown) => (failure = error),
  );
  await untilTrue(async () => {
    if (failure !== null) throw failure;
    const rows = await database.query(
      `SELECT FROM pg_replication_slots s JOIN pg_stat_replication r ON r.pid = s.active_pid
       WHERE s.slot_name = $1 AND r.state IN ('streaming', 'catchup')`,
      [slotName(database)],
    );
    return rows.length > 0;
  });
}

/** Asks again and again, with a bound; for what only a server can say. */
export async function untilTrue(ask: () => Promise<boolean>, timeoutMs = 120_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await ask())) {
    if (performance.now() > deadline) throw new Error('waited in vain');
    await systemClock.sleep(20);
  }
}

/** A database that is dropped after all tests of the file. */
export async function fileDatabase(create: () => Promise<Database>): Promise<Database> {
  const database = await create();
  after(() => database[Symbol.asyncDispose]());
  return database;
}
