import type { Client } from 'pg';

import { parseLsn } from './lsn.ts';

/** Where a server left each of the timelines that lie behind its own: the log after that point is of another history. */
export type TimelineHistory = ReadonlyMap<number, bigint>;

/** A promotion starts a new timeline; the server keeps a file that says where, line by line: `1\t0/3000000\treason`. */
export async function readTimelineHistory(replication: Client, timeline: number): Promise<TimelineHistory> {
  if (timeline <= 1) return new Map();
  const { rows } = await replication.query<{ content: string | Buffer }>(`TIMELINE_HISTORY ${timeline}`);
  const content = rows[0]?.content ?? '';
  return parseTimelineHistory(typeof content === 'string' ? content : content.toString('utf8'));
}

export function parseTimelineHistory(text: string): TimelineHistory {
  const history = new Map<number, bigint>();
  for (const line of text.split('\n')) {
    const [, timeline, lsn] = /^\s*(\d+)\s+([0-9A-F]+\/[0-9A-F]+)/i.exec(line) ?? [];
    if (timeline !== undefined && lsn !== undefined) history.set(Number(timeline), parseLsn(lsn));
  }
  return history;
}

/**
 * Null when a position of `stored` lies in this server's own past. Else where the histories part: what was delivered
 * behind it was never on this server.
 */
export function divergence(history: TimelineHistory, current: number, stored: number, lsn: bigint): bigint | null {
  if (stored === current) return null;
  const end = history.get(stored);
  // Not in the history at all: this server never was on that timeline.
  if (end === undefined) return 0n;
  return lsn > end ? end : null;
}
