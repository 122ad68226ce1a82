import { ConnectError } from '../../base/errors.ts';
import type { OffsetMap, OffsetValue, SourceOffset } from '../../record/offset.ts';

/** Where to go on, as stored in the offsets topic. */
export interface ResumePoint {
  /** Everything that was committed up to here is complete; the slot may be confirmed up to here, and no further. */
  readonly lsnCommit: bigint;
  /** End of the last transaction that was seen to commit: an idle stream is complete beyond it; null: none was seen. */
  readonly lastCommit: bigint | null;
  /** The last change's own LSN; for people and for Debezium. */
  readonly lsn: bigint;
  /** Commit LSN (as BEGIN says) of the transaction in progress, of which some was handed over; null at a boundary. */
  readonly lsnFinal: bigint | null;
  /** Complete messages of that transaction. */
  readonly ordinal: number;
  /** Changes made of the message after those: a key change makes three. */
  readonly part: number;
  /** The record of the transaction's begin is counted as the first of the messages. */
  readonly marked: boolean;
  readonly xid: number | null;
  /** Microseconds since 1970-01-01. */
  readonly commitMicros: number | null;
  readonly messageType: string | null;
}

export interface StoredPosition {
  readonly point: ResumePoint;
  /** The cluster it belongs to; null when something else than Millrace stored it. */
  readonly systemId: string | null;
  /** Of the primary that it was read from; null when it is not known. */
  readonly timeline: number | null;
}

/** Where a position is from. */
export interface PositionOrigin {
  readonly systemId: string;
  readonly timeline: number | null;
}

export function startPoint(lsn: bigint): ResumePoint {
  const boundary = { lsnFinal: null, ordinal: 0, part: 0, marked: false };
  return { lsnCommit: lsn, lastCommit: null, lsn, ...boundary, xid: null, commitMicros: null, messageType: null };
}

export function offsetPartition(topicPrefix: string): OffsetMap {
  return { server: topicPrefix };
}

/**
 * Debezium's members first and under its names, so that either can go on where the other stopped; then what makes ours
 * exact. `ordinal`, `part` and `lsn_final` are absent at a boundary, `last_commit` where `lsn_commit` and `txId` tell it.
 */
export function formatPosition(point: ResumePoint, { systemId, timeline }: PositionOrigin): OffsetMap {
  const offset: Record<string, OffsetValue> = { transaction_id: null, lsn_proc: point.lsn };
  if (point.marked && point.lsnFinal !== null) offset['transaction_id'] = `${point.xid}:${point.lsn}`;
  if (point.messageType !== null) offset['messageType'] = point.messageType;
  offset['lsn_commit'] = point.lsnCommit;
  offset['lsn'] = point.lsn;
  if (point.xid !== null) offset['txId'] = point.xid;
  if (point.commitMicros !== null) offset['ts_usec'] = point.commitMicros;
  if (point.lsnFinal !== null) {
    offset['lsn_final'] = point.lsnFinal;
    offset['ordinal'] = point.ordinal;
    offset['part'] = point.part;
  }
  if (point.lastCommit !== impliedCommit(point)) offset['last_commit'] = point.lastCommit;
  offset['system_id'] = systemId;
  if (timeline !== null) offset['timeline'] = timeline;
  return offset;
}

/** Null: this source has no stored position. Throws `postgres.offset` for one that cannot be read. */
export function findOffset(offsets: readonly SourceOffset[], topicPrefix: string): OffsetMap | null {
  return offsets.find((offset) => offset.partition['server'] === topicPrefix)?.offset ?? null;
}

/** A snapshot that has begun and not ended: there is no position in the log to go on from. */
export function isSnapshotOffset(offset: OffsetMap): boolean {
  const snapshot = offset['snapshot'];
  if (snapshot === undefined || snapshot === null || snapshot === false || snapshot === 'false') return false;
  return offset['snapshot_completed'] !== true && offset['last_snapshot_record'] !== true;
}

export function parsePosition(offset: OffsetMap): StoredPosition {
  // Debezium stores no `lsn_commit` before the first commit, and its snapshot's position as `lsn`.
  const lsnCommit = integer(offset, 'lsn_commit') ?? integer(offset, 'lsn');
  if (lsnCommit === null) {
    throw new ConnectError('postgres.offset', 'The stored offset has neither "lsn_commit" nor "lsn": there is no position to go on from.', {
      remedy: 'Delete the offsets of this connector to start anew with a snapshot.',
    });
  }
  const lsnFinal = integer(offset, 'lsn_final');
  const xid = numberOrNull(integer(offset, 'txId'));
  const systemId = offset['system_id'];
  return {
    point: {
      lsnCommit,
      lastCommit: 'last_commit' in offset ? integer(offset, 'last_commit') : impliedCommit({ lsnCommit, xid }),
      lsn: integer(offset, 'lsn') ?? lsnCommit,
      lsnFinal,
      ordinal: lsnFinal === null ? 0 : Number(integer(offset, 'ordinal') ?? 0n),
      part: lsnFinal === null ? 0 : Number(integer(offset, 'part') ?? 0n),
      marked: lsnFinal !== null && typeof offset['transaction_id'] === 'string',
      xid,
      commitMicros: numberOrNull(integer(offset, 'ts_usec')),
      messageType: typeof offset['messageType'] === 'string' ? offset['messageType'] : null,
    },
    systemId: typeof systemId === 'string' ? systemId : null,
    timeline: numberOrNull(integer(offset, 'timeline')),
  };
}

/** Without a transaction before it (after a snapshot) a position is nobody's commit. */
function impliedCommit({ lsnCommit, xid }: Pick<ResumePoint, 'lsnCommit' | 'xid'>): bigint | null {
  return xid === null ? null : lsnCommit;
}

function numberOrNull(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}

function integer(offset: OffsetMap, name: string): bigint | null {
  const value = offset[name];
  if (value === undefined || value === null) return null;
  if (typeof value === 'bigint' && value >= 0n) return value;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  throw new ConnectError('postgres.offset', `The stored offset's "${name}" is not a position: ${String(value)}.`, {
    remedy: 'Correct or delete the offsets of this connector.',
  });
}
