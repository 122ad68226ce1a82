import { parityDifferences } from '../support/parity-difference.ts';
import type { ParityDifference } from '../support/parity-difference.ts';
import type { ParityRecord } from '../support/parity-case.ts';
import type { PeerResult } from './peer-run.ts';
import { onlyBytesMoved } from './changed-lists.ts';
import { comparable } from './comparable.ts';
import { plainRecords } from './peer-records.ts';

/** Every difference under one config, beside those that `accepted` takes. */
export async function peerDifferences(result: PeerResult, accepted: (found: ParityDifference) => boolean): Promise<ParityDifference[]> {
  const { failures, config, rename } = result;
  const failed = (path: string): ParityDifference => ({ topic: '', index: -1, path, theirs: failures.theirs, ours: failures.ours, op: '' });
  if (failures.theirs !== null || failures.ours !== null) return [failed('failure')];
  const theirs = await plainRecords(result.theirs, config, rename);
  const ours = await plainRecords(result.ours, config, rename);
  const found: ParityDifference[] = [];
  const topics = new Set([...theirs.keys(), ...ours.keys()]);
  for (const topic of topics) {
    const [left, right] = [theirs, ours].map((records) => comparable(within(records.get(topic) ?? [], result.windows), topic, config)) as [
      ParityRecord[],
      ParityRecord[],
    ];
    if (left.length === 0 && right.length === 0) continue;
    if (left.length === 0 || right.length === 0) found.push({ ...failed('topic'), topic, theirs: left.length, ours: right.length });
    // Heartbeats come by the clock, so many at each: one is like the other.
    else if (topic.includes('beat')) {
      for (const record of left.slice(1)) found.push(...parityDifferences(topic, left.slice(0, 1), [record]));
      for (const record of right) found.push(...parityDifferences(topic, left.slice(0, 1), [record]));
    } else {
      const isListed = ({ index, path }: ParityDifference): boolean =>
        /^headers\.(Changed|Unchanged)$/.test(path) && onlyBytesMoved(left[index] as ParityRecord, right[index] as ParityRecord);
      found.push(
        ...parityDifferences(topic, left, right).filter((difference) => !isListed(difference)),
        ...placeDifferences(topic, left, right),
      );
    }
  }
  return found.filter((difference) => !accepted(difference));
}

/** What no two servers would have alike, but one has for both: where a streamed change lies, in which transaction, of when. */
function placeDifferences(topic: string, theirs: readonly ParityRecord[], ours: readonly ParityRecord[]): ParityDifference[] {
  const found: ParityDifference[] = [];
  for (const [index, left] of theirs.entries()) {
    const [expected, given] = [place(left), place(ours[index])];
    if (JSON.stringify(expected) !== JSON.stringify(given))
      found.push({ topic, index, path: 'place', theirs: expected, ours: given, op: '' });
  }
  return found;
}

function place(record: ParityRecord | undefined): unknown {
  const value = record?.value?.value;
  if (typeof value !== 'object' || value === null) return null;
  const { source, transaction, op, id, status, ts_ms: timeMs } = value as Record<string, unknown>;
  if (status !== undefined && typeof id === 'string') return { id, status, timeMs };
  if (typeof source !== 'object' || source === null || op === 'r') return { op };
  const { lsn, txId, ts_ms: millis, ts_us: micros, ts_ns: nanos, sequence } = source as Record<string, unknown>;
  return { op, lsn, txId, millis, micros, nanos, transaction, sequence };
}

/** Transactions begin to be told when a connector begins to stream, and others go on meanwhile: only those that all have seen. */
function within(records: readonly ParityRecord[], windows: PeerResult['windows']): readonly ParityRecord[] {
  return records.filter(({ key, value, topic }) => {
    const whole = (value?.value as { payload?: unknown } | null | undefined) ?? {};
    const told = (whole.payload ?? whole) as { status?: unknown; id?: unknown };
    // Events have no value there.
    const isEvent = value === null && /tx$|transaction$/.test(topic);
    if (!isEvent && (told.status === undefined || typeof told.id !== 'string')) return true;
    const lsn = BigInt(/\d+:(\d+)/.exec(JSON.stringify(isEvent ? key?.value : told.id))?.[1] ?? 0);
    return windows.some(({ from, to }) => lsn > from && lsn < to);
  });
}
