import { ConnectError } from '../../base/errors.ts';
import type { OffsetMap } from '../../record/offset.ts';
import { formatLsn } from './lsn.ts';
import { isSnapshotOffset, parsePosition, startPoint, type ResumePoint } from './position.ts';
import type { ServerFacts } from './preflight.ts';
import type { PostgresSettings } from './settings.ts';
import { checkSlot, checkSlotKind, type SlotState } from './slot.ts';
import { divergence } from './timeline.ts';

/**
 * What a start does. `snapshot`: reads the tables first; `recreateSlot`: the slot that is there can serve nothing any
 * more and is replaced. `stream`: goes on (or begins) at a position. `done`: there is nothing left to do.
 */
export type StartPlan =
  | {
      readonly kind: 'snapshot';
      readonly recreateSlot: boolean;
      /** An interrupted snapshot that the slot can still complete; null: from the beginning. */
      readonly resume: OffsetMap | null;
      readonly thenStream: boolean;
      readonly reason: string;
    }
  | { readonly kind: 'begin' }
  | { readonly kind: 'stream'; readonly point: ResumePoint; readonly reason: string }
  | { readonly kind: 'done' };

export interface StartFacts {
  readonly offset: OffsetMap | null;
  readonly slot: SlotState | null;
  readonly server: ServerFacts;
}

/**
 * Pure. A position is never guessed: the slot serves exactly what the offset wants, or the start fails with a remedy
 * (`when_needed`: takes a new snapshot instead).
 */
export function planStart(settings: PostgresSettings, facts: StartFacts): StartPlan {
  const { offset, slot } = facts;
  const { data, thenStream } = settings.snapshot;
  const recreateSlot = slot !== null && isLost(slot);
  const owner = { database: settings.connection.database, publication: settings.publication.name };
  if (slot !== null) checkSlotKind(slot, owner);
  if (offset === null || isSnapshotOffset(offset)) {
    if (slot !== null && !replaceable(settings, slot)) checkSlot(slot, owner);
    // One that is lost is there to be replaced, or the check above had refused it.
    if (data === 'never' && (slot === null || !isLost(slot))) {
      if (!thenStream) return { kind: 'done' };
      if (slot === null) return { kind: 'begin' };
      return { kind: 'stream', point: startPoint(slot.confirmedFlushLsn ?? 0n), reason: 'position of the slot, which was there before' };
    }
    if (offset === null) return { kind: 'snapshot', recreateSlot, resume: null, thenStream, reason: 'there is no stored position' };
    const resumable = resumableSnapshot(facts, offset);
    const reason = resumable ? 'the last one was interrupted' : 'the last one was interrupted, and its slot is gone';
    return { kind: 'snapshot', recreateSlot, resume: resumable ? offset : null, thenStream, reason };
  }
  if (data === 'always') return { kind: 'snapshot', recreateSlot, resume: null, thenStream, reason: 'it is wanted at every start' };
  if (!thenStream) return { kind: 'done' };
  try {
    return { kind: 'stream', ...resume(settings, facts, offset) };
  } catch (error) {
    const unserved = error instanceof ConnectError && (error.code === 'postgres.offset' || error.code === 'postgres.slot');
    if (!unserved || (!settings.snapshot.whenUnserved && (slot === null || !replaceable(settings, slot)))) throw error;
    return { kind: 'snapshot', recreateSlot, resume: null, thenStream, reason: error.message };
  }
}

/** The stream after it starts where its slot was made: only the same slot, not moved since, can bring those changes. */
function resumableSnapshot({ slot, server }: StartFacts, offset: OffsetMap): boolean {
  const { point, systemId } = parsePosition(offset);
  if (slot === null || isLost(slot) || (systemId !== null && systemId !== server.systemId)) return false;
  return (slot.confirmedFlushLsn ?? 0n) <= point.lsnCommit;
}

/** Its log is gone, and the user has said that a new snapshot may take its place. */
function replaceable({ snapshot, slot: { lostPolicy } }: PostgresSettings, slot: SlotState): boolean {
  return isLost(slot) && (snapshot.whenUnserved || lostPolicy === 'snapshot');
}

function isLost(slot: SlotState): boolean {
  return slot.walStatus === 'lost' || slot.invalidation !== null;
}

function resume(settings: PostgresSettings, facts: StartFacts, offset: OffsetMap): { point: ResumePoint; reason: string } {
  const { slot, server } = facts;
  const { point, systemId, timeline } = parsePosition(offset);
  const name = settings.slot.name;
  if (systemId !== null && systemId !== server.systemId) {
    throw unserved(
      `The stored position belongs to another server (system identifier ${systemId}, this one has ${server.systemId}): its log positions mean nothing here.`,
      "Connect to the server that the position is from, or delete this connector's offsets to start with a new snapshot.",
    );
  }
  if (timeline !== null) checkTimeline(server, timeline, point.lsnCommit);
  if (slot === null) {
    throw new ConnectError(
      'postgres.slot',
      `The replication slot "${name}" does not exist, and the stored position ${formatLsn(point.lsnCommit)} needs it: changes since then may be gone.`,
      {
        remedy: 'Delete this connector\'s offsets to start with a new snapshot (or set "snapshot.mode" to "when_needed").',
        details: { slot: name },
      },
    );
  }
  checkSlot(slot, { database: settings.connection.database, publication: settings.publication.name });
  const confirmed = slot.confirmedFlushLsn ?? 0n;
  const strategy = settings.stream.offsetMismatchStrategy;
  if (strategy === 'trust_slot' || (strategy === 'trust_greater_lsn' && confirmed > point.lsnCommit)) {
    if (confirmed === point.lsnCommit) return { point, reason: 'the slot and the stored position agree' };
    return { point: startPoint(confirmed), reason: `offset.mismatch.strategy is "${strategy}"` };
  }
  // Stored first and confirmed later (invariant 1): a slot ahead of the position has been moved or made anew by someone else.
  if (confirmed > point.lsnCommit && settings.stream.checkLogPosition) {
    throw unserved(
      `The replication slot "${name}" starts at ${formatLsn(confirmed)}, behind the stored position ${formatLsn(point.lsnCommit)}: ` +
        'it was created anew or advanced by someone else, and the changes in between are gone.',
      'Delete this connector\'s offsets to start with a new snapshot (or set "snapshot.mode" to "when_needed"); ' +
        '"offset.mismatch.strategy": "trust_slot" goes on without those changes.',
    );
  }
  if (server.walEnd < point.lsnCommit && settings.stream.checkLogPosition) {
    throw unserved(
      `The server's log ends at ${formatLsn(server.walEnd)}, before the stored position ${formatLsn(point.lsnCommit)}: ` +
        'it was restored from a backup, or promoted without having received everything.',
      "Compare the tables with what was delivered, then delete this connector's offsets to start with a new snapshot.",
    );
  }
  return { point, reason: 'stored position' };
}

/** A standby that was promoted without having received everything goes on with a history of its own. */
function checkTimeline(server: ServerFacts, timeline: number, lsn: bigint): void {
  if (server.timeline === null) return;
  const end = divergence(server.timelineHistory, server.timeline, timeline, lsn);
  if (end === null) return;
  throw unserved(
    `The stored position ${formatLsn(lsn)} is of timeline ${timeline}, and this server (timeline ${server.timeline}) ` +
      `${end === 0n ? 'has never been on it' : `left it at ${formatLsn(end)}`}: changes were delivered that are not in this database.`,
    "Compare the tables with what was delivered, then delete this connector's offsets to start with a new snapshot; " +
      'synchronized_standby_slots on the primary (Postgres 17 and newer) keeps this from happening again.',
  );
}

function unserved(message: string, remedy: string): ConnectError {
  return new ConnectError('postgres.offset', message, { remedy });
}
