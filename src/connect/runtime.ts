import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Metrics } from '../base/metrics.ts';
import type { LogLevels } from './log-levels.ts';
import type { OffsetStore } from './offset-store.ts';
import type { Plugins } from './plugins.ts';
import type { SecretScrubber } from './secret-scrubber.ts';
import type { RightOfWay } from './right-of-way.ts';
import type { Sink, SinkOptions } from './sink.ts';
import type { StatusStore } from './status-store.ts';
import type { WorkerConfig } from './worker-config.ts';

export type CreateSink = (options: SinkOptions) => Sink;

/** What connectors take from the worker they run in. */
export interface Runtime {
  readonly worker: WorkerConfig;
  readonly plugins: Plugins;
  readonly scrubber: SecretScrubber;
  readonly createSink: CreateSink;
  readonly statuses: StatusStore;
  /** The store for the offsets of connectors that keep theirs in this topic; null: the worker's own. */
  readonly offsets: (topic: string | null) => Promise<OffsetStore>;
  readonly workerId: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Has the loggers of connectors. */
  readonly loggers: LogLevels;
  readonly metrics: Metrics;
  readonly rightOfWay: RightOfWay;
}
