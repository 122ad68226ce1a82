import type { AdhocParts, OpenWindow, Plans } from './adhoc-parts.ts';
import { isLockTimeout, type ReadView } from './snapshot-reader.ts';
import { SnapshotWindow } from './snapshot-window.ts';

const attemptsMax = 20;
const pauseMs = 5;
const retryMs = 250;

/**
 * Takes a database snapshot while the stream stands still, and has the stream note from then on what changes in the tables.
 * `definitions`: how the tables were defined when they were planned, by oid; filled in where there is none yet. Null: one of
 * them has been altered since.
 */
export async function openWindow(parts: AdhocParts, plans: Plans, definitions: Map<number, string>): Promise<OpenWindow | null> {
  const { reader, signal, start } = parts;
  const { clock } = start.source;
  for (;;) {
    signal.throwIfAborted();
    await reader.ready();
    let view: ReadView | null = null;
    let failure: unknown = null;
    const window = await parts.standStill(async () => {
      try {
        view = await coveringView(parts, plans);
      } catch (error) {
        failure = error;
      }
      if (view === null) return null;
      const opened = new SnapshotWindow(
        view.transactions,
        view.horizon,
        plans.map((plan) => plan.watched),
      );
      parts.watch.window = opened;
      return opened;
    });
    if (failure !== null && !isLockTimeout(failure)) throw failure;
    if (window !== null && view !== null) return checkDefinitions(parts, view, window, definitions);
    // Either a table is locked against reading, or a transaction that was streamed is not visible yet: the stream goes on.
    await clock.sleep(retryMs, signal);
  }
}

/** Null: something that the stream has brought is not visible in it, even after a few attempts. */
async function coveringView({ reader, watch, start, signal }: AdhocParts, plans: Plans): Promise<ReadView | null> {
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const view = await reader.open(plans.map((plan) => plan.info));
    if (watch.isCovered(view.transactions)) return view;
    await start.source.clock.sleep(pauseMs, signal);
  }
  return null;
}

function checkDefinitions(
  { watch }: AdhocParts,
  view: ReadView,
  window: SnapshotWindow,
  definitions: Map<number, string>,
): OpenWindow | null {
  for (const [oid, definition] of view.definitions) {
    const known = definitions.get(oid);
    if (known === undefined) definitions.set(oid, definition);
    else if (known !== definition) {
      watch.window = null;
      return null;
    }
  }
  const { flushed, takenMicros, transactions } = view;
  return { window, flushed, takenMicros, xid: transactions.xmax };
}
