import type { ChangeOutlet } from '../../../connect/source.ts';
import type { Change } from '../../../record/change.ts';
import type { SourceRegisters } from '../registers.ts';
import type { RelationCache } from '../relation-cache.ts';
import type { StartContext } from '../start-context.ts';
import type { StreamPosition } from '../stream-position.ts';
import type { AdhocState } from './adhoc-state.ts';
import type { OrderKey } from './chunk-query.ts';
import type { Notifications, NotificationType } from './notifications.ts';
import type { RowWatch } from './row-watch.ts';
import type { SnapshotReader } from './snapshot-reader.ts';
import type { SnapshotWindow } from './snapshot-window.ts';
import type { TablePlan } from './table-plan.ts';

/** What the two kinds of ad-hoc snapshots share with the stream that they belong to. */
export interface AdhocParts {
  readonly start: StartContext;
  readonly change: Change;
  readonly registers: SourceRegisters;
  readonly position: StreamPosition;
  readonly watch: RowWatch;
  readonly state: AdhocState;
  readonly out: ChangeOutlet;
  /** Those of the stream. */
  readonly relations: Pick<RelationCache, 'refuses' | 'reconsider'>;
  readonly notifications: Notifications;
  readonly reader: SnapshotReader;
  /** Aborts when the stream ends. */
  readonly signal: AbortSignal;
  /** Does something while the stream stands still between two transactions; notifications that it adds go out with it. */
  readonly standStill: <T>(work: () => Promise<T>) => Promise<T>;
  /** Resolves when the stream has brought everything that the window's snapshot saw. */
  readonly reached: (horizon: bigint) => Promise<void>;
}

/** Opened by `openWindow`. Null: a table was altered since it was planned. */
export interface OpenWindow {
  readonly window: SnapshotWindow;
  readonly flushed: boolean;
  readonly takenMicros: number;
  readonly xid: number;
}

export type Plans = readonly TablePlan[];

export function tellIncremental(
  { state, notifications }: AdhocParts,
  type: NotificationType,
  data: Readonly<Record<string, string>> = {},
): void {
  const { correlationId, collections } = state.incremental;
  if (type === 'COMPLETED') return notifications.add(correlationId, 'Incremental Snapshot', type, data);
  const names = collections.map(({ schema, table }) => `${schema}.${table}`).join(',');
  notifications.add(correlationId, 'Incremental Snapshot', type, { data_collections: names, ...data });
}

/** A key in a notification. */
export function keyText(key: OrderKey | null): string {
  return key === null ? '<none>' : key.map((text) => text ?? 'null').join(', ');
}
