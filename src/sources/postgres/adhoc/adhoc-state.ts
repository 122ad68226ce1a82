import type { OffsetMap, OffsetValue } from '../../../record/offset.ts';
import type { OrderKey } from './chunk-query.ts';
import { meansTable, type SnapshotOrder } from './signal.ts';

/** A table that is to be read. */
export interface Collection {
  readonly schema: string;
  readonly table: string;
  readonly condition: string | null;
  readonly surrogateKey: string | null;
  /** Of a table that nobody named: it is followed when it is renamed. Null: the name says which. */
  readonly oid: number | null;
  /** Only the rows of this partition, by its oid; null: all rows. */
  readonly partition: number | null;
}

/** What a signal asked for and nobody has looked up yet. */
export interface SnapshotRequest extends SnapshotOrder {
  readonly id: string;
}

/** How far the first collection was read. */
export interface Progress {
  /** As `orderText` has them; another order means another reading. */
  readonly columns: readonly string[];
  readonly last: OrderKey | null;
  readonly max: OrderKey | null;
  readonly rows: number;
}

/** One kind of snapshot: what it is about to read. */
export interface SnapshotQueue {
  /** The id of the signal that began it; null: none is under way. */
  correlationId: string | null;
  collections: readonly Collection[];
  progress: Progress | null;
}

interface StoredState {
  readonly requests: readonly SnapshotRequest[];
  readonly paused: boolean;
  readonly progress: Progress | null;
  readonly blocking: SnapshotQueue | null;
}

const memberPrefix = 'incremental_snapshot_';
const stateMember = `${memberPrefix}state`;
const collectionsMember = `${memberPrefix}collections`;
const takenMember = 'signals_taken';
const topicMember = 'signal_topic_offset';
const fileMember = 'signal_file_digest';
const correlationMember = `${memberPrefix}correlation_id`;

/**
 * What signals have asked for and how far it is: part of every offset, so that it is committed with the records. Tables and
 * correlation id stand under Debezium's names and in its form; what Debezium keeps as serialized Java objects has its own
 * member here.
 */
export class AdhocState {
  requests: readonly SnapshotRequest[] = [];
  paused = false;
  readonly incremental: SnapshotQueue = { correlationId: null, collections: [], progress: null };
  readonly blocking: SnapshotQueue = { correlationId: null, collections: [], progress: null };
  /** The next offset of the signal topic; null: not known yet. */
  topicOffset: bigint | null = null;
  /** What the signal file held when it was read last. */
  fileDigest: string | null = null;
  /** Signals taken so far. */
  taken = 0;

  get empty(): boolean {
    return (
      this.requests.length === 0 && this.incremental.collections.length === 0 && this.blocking.collections.length === 0 && !this.paused
    );
  }

  /** Takes tables off; `patterns` empty: all. True: some were there. */
  stop(patterns: readonly string[]): boolean {
    const queue = this.incremental;
    const stops = ({ schema, table }: Collection): boolean =>
      patterns.length === 0 || patterns.some((pattern) => meansTable(pattern, schema, table));
    const [first] = queue.collections;
    const left = queue.collections.filter((collection) => !stops(collection));
    const any = left.length < queue.collections.length || (patterns.length === 0 && this.requests.length > 0);
    queue.collections = left;
    if (first !== undefined && stops(first)) queue.progress = null;
    if (patterns.length === 0) {
      this.requests = this.requests.filter((request) => request.snapshot === 'blocking');
      this.paused = false;
    }
    return any;
  }

  /** `progress`: of the first incremental collection, as of now. */
  toMembers(progress: Progress | null, blockingProgress: Progress | null): Readonly<Record<string, OffsetValue>> {
    const members: Record<string, OffsetValue> = {};
    if (this.taken > 0) members[takenMember] = this.taken;
    if (this.topicOffset !== null) members[topicMember] = this.topicOffset;
    if (this.fileDigest !== null) members[fileMember] = this.fileDigest;
    if (this.empty) return members;
    const { correlationId, collections } = this.incremental;
    members[correlationMember] = correlationId;
    members[collectionsMember] = JSON.stringify(collections.map(toDebezium));
    const stored: StoredState = {
      requests: this.requests,
      paused: this.paused,
      progress,
      blocking: this.blocking.collections.length === 0 ? null : { ...this.blocking, progress: blockingProgress },
    };
    members[stateMember] = JSON.stringify(stored);
    return members;
  }

  /** After another snapshot of everything: only where the channels stand is still of interest. */
  static afterSnapshot(offset: OffsetMap | null): AdhocState {
    const { topicOffset, fileDigest, taken } = AdhocState.fromOffset(offset);
    return Object.assign(new AdhocState(), { topicOffset, fileDigest, taken });
  }

  /** Whatever cannot be understood is left out: a table is then read from its start. */
  static fromOffset(offset: OffsetMap | null): AdhocState {
    const state = new AdhocState();
    if (offset === null) return state;
    const topicOffset = offset[topicMember];
    if (typeof topicOffset === 'number' || typeof topicOffset === 'bigint') state.topicOffset = BigInt(topicOffset);
    state.fileDigest = storedDigest(offset);
    state.taken = storedTaken(offset);
    const collections = parse(offset[collectionsMember]) as readonly DebeziumCollection[] | null;
    if (Array.isArray(collections)) state.incremental.collections = collections.flatMap(fromDebezium);
    const correlationId = offset[correlationMember];
    state.incremental.correlationId =
      state.incremental.collections.length === 0 ? null : typeof correlationId === 'string' ? correlationId : '';
    const stored = parse(offset[stateMember]) as StoredState | null;
    if (stored === null) return state;
    state.requests = stored.requests;
    state.paused = stored.paused;
    state.incremental.progress = stored.progress;
    if (stored.blocking !== null) Object.assign(state.blocking, stored.blocking);
    return state;
  }
}

/** How many signals an offset includes. */
export function storedTaken(offset: OffsetMap): number {
  return Number(offset[takenMember] ?? 0) || 0;
}

export function storedDigest(offset: OffsetMap): string | null {
  const digest = offset[fileMember];
  return typeof digest === 'string' ? digest : null;
}

interface DebeziumCollection {
  readonly incremental_snapshot_collections_id?: string;
  readonly incremental_snapshot_collections_additional_condition?: string | null;
  readonly incremental_snapshot_collections_surrogate_key?: string | null;
  readonly incremental_snapshot_collections_oid?: number;
  readonly incremental_snapshot_collections_partition?: number;
}

function toDebezium({ schema, table, condition, surrogateKey, oid, partition }: Collection): DebeziumCollection {
  return {
    incremental_snapshot_collections_id: `${schema}.${table}`,
    incremental_snapshot_collections_additional_condition: condition,
    incremental_snapshot_collections_surrogate_key: surrogateKey,
    ...(oid === null ? {} : { incremental_snapshot_collections_oid: oid }),
    ...(partition === null ? {} : { incremental_snapshot_collections_partition: partition }),
  };
}

function fromDebezium(item: DebeziumCollection): Collection[] {
  const id = item.incremental_snapshot_collections_id ?? '';
  const dot = id.indexOf('.');
  if (dot < 1) return [];
  return [
    {
      schema: id.slice(0, dot),
      table: id.slice(dot + 1),
      condition: item.incremental_snapshot_collections_additional_condition || null,
      surrogateKey: item.incremental_snapshot_collections_surrogate_key || null,
      oid: item.incremental_snapshot_collections_oid ?? null,
      partition: item.incremental_snapshot_collections_partition ?? null,
    },
  ];
}

function parse(value: OffsetValue | undefined): unknown {
  if (typeof value !== 'string') return null;
  try {
    return JSON.parse(value);
  } catch {
    return null;
  }
}
