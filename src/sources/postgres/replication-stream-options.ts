import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { ChangeOutlet } from '../../connect/source.ts';
import type { Change } from '../../record/change.ts';
import type { PgoutputDecoder } from './pgoutput-decoder.ts';
import type { SourceRegisters } from './registers.ts';
import type { RelationCache } from './relation-cache.ts';
import type { SessionFactory } from './session.ts';
import type { PostgresSettings } from './settings.ts';
import type { StreamPosition } from './stream-position.ts';
import type { TransactionSpill } from './streaming/transaction-spill.ts';

export interface ReplicationStreamOptions {
  readonly settings: PostgresSettings;
  readonly sessions: SessionFactory;
  /** What the slot has confirmed; reported as it is while nothing newer is durable. */
  readonly confirmed: bigint;
  readonly decoder: PgoutputDecoder;
  readonly relations: RelationCache;
  readonly position: StreamPosition;
  readonly change: Change;
  readonly registers: SourceRegisters;
  readonly out: ChangeOutlet;
  /** Absent: transactions come when they commit. */
  readonly spill?: TransactionSpill | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when the server has begun to stream. */
  readonly onStarted?: (() => void) | undefined;
  /** Called about once a second. */
  readonly onTick?: (() => void) | undefined;
  /** Called when the stream stands between two transactions and the position may have moved. */
  readonly onBoundary?: (() => void) | undefined;
}
