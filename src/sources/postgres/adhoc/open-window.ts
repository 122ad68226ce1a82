import { isDeepStrictEqual } from 'node:util';

import type { Client } from 'pg';

import { loadTables } from '../catalog.ts';
import { sqlState } from '../sql-error.ts';
import { TypeCatalog, type TypeInfo } from '../type-catalog.ts';
import type { AdhocParts, OpenWindow, Plans } from './adhoc-parts.ts';
import { isLockTimeout, type ReadView } from './snapshot-reader.ts';
import { SnapshotWindow } from './snapshot-window.ts';

const attemptsMax = 20;
const pauseMs = 5;
const retryMs = 250;
const warnMs = 10_000;
const nameUnknown = '42P01';

/**
 * Takes a database snapshot while the stream stands still, and has the stream note from then on what changes in the tables.
 * `definitions`: of tables that were found to be as they were planned, by oid; filled in for the others. Null: one of them has
 * been altered since it was planned.
 */
export async function openWindow(parts: AdhocParts, plans: Plans, definitions: Map<number, string>): Promise<OpenWindow | null> {
  const { reader, signal, start } = parts;
  const { clock, log } = start.source;
  const startMs = clock.monotonic();
  let warned = false;
  for (;;) {
    signal.throwIfAborted();
    await reader.ready();
    let failure: unknown = null;
    const opened = await parts.standStill(async () => {
      const view = await coveringView(parts, plans).catch((error: unknown) => void (failure = error));
      if (view === null || view === undefined) return null;
      const watched = plans.map((plan) => plan.watched);
      const window = new SnapshotWindow(view.transactions, view.horizon, watched);
      parts.watch.window = window;
      return { view, window };
    });
    if (opened !== null && (await arePlanned(parts, plans, opened.view, definitions))) {
      const { flushed, takenMicros, transactions } = opened.view;
      return { window: opened.window, flushed, takenMicros, xid: transactions.xmax };
    }
    parts.watch.window = null;
    // Locks are given back; a transaction that failed takes no more statements.
    await reader.done();
    if (opened !== null || sqlState(failure) === nameUnknown) return null;
    if (failure !== null && !isLockTimeout(failure)) throw failure;
    if (!warned && clock.monotonic() - startMs >= warnMs) {
      warned = true;
      log.warn(
        { tables: plans.map(({ collection }) => collection.table), reason: reasonOf(failure) },
        'a snapshot beside the stream waits',
      );
    }
    // Either a table is locked against reading, or a transaction that was streamed is not visible yet: the stream goes on.
    await clock.sleep(retryMs, signal);
  }
}

function reasonOf(failure: unknown): string {
  if (failure !== null) return 'a table is locked against reading, as by ALTER TABLE, TRUNCATE or VACUUM FULL: see pg_locks';
  return 'what was streamed cannot be read yet: a table is being altered, or a commit waits for a synchronous standby (synchronous_standby_names)';
}

/** Null: something that the stream has brought is not visible in it, or tables are being altered, even after a few attempts. */
async function coveringView({ reader, watch, start, signal }: AdhocParts, plans: Plans): Promise<ReadView | null> {
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const view = await reader.open(plans.map((plan) => plan.info));
    if (view !== null && watch.isCovered(view.transactions)) return view;
    await start.source.clock.sleep(pauseMs, signal);
  }
  return null;
}

/** Under the locks of the view: nobody alters them now. */
async function arePlanned({ reader }: AdhocParts, plans: Plans, view: ReadView, definitions: Map<number, string>): Promise<boolean> {
  for (const { info, enums } of plans) {
    const definition = view.definitions.get(info.oid);
    if (definition === undefined) return false;
    const known = definitions.get(info.oid);
    // It may have been altered before the first view of it as well.
    if (known === undefined && !isDeepStrictEqual(await loadTables(await reader.ready(), { oids: [info.oid] }), [info])) return false;
    if (known !== undefined && known !== definition) return false;
    if (!(await haveTheirLabels(await reader.ready(), enums))) return false;
    definitions.set(info.oid, definition);
  }
  return true;
}

/** Rows may have the labels that were added since the table was planned. */
async function haveTheirLabels(client: Client, enums: readonly TypeInfo[]): Promise<boolean> {
  if (enums.length === 0) return true;
  const now = new TypeCatalog();
  await now.resolve(
    client,
    enums.map(({ oid }) => oid),
  );
  return enums.every(({ oid, labels }) => isDeepStrictEqual(now.get(oid)?.labels, labels));
}
