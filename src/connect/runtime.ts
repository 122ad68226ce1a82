import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Labels, Metrics } from '../base/metrics.ts';
import type { Config } from './config.ts';
import type { OffsetStore } from './offset-store.ts';
import type { Plugins } from './plugins.ts';
import type { SecretScrubber } from './secret-scrubber.ts';
import type { Sink } from './sink.ts';
import type { StatusStore } from './status-store.ts';
import type { WorkerConfig } from './worker-config.ts';

/** What a task's sink is made from. */
export interface SinkRequest {
  readonly connector: string;
  /** Kafka client settings under Kafka's names. */
  readonly cluster: Config;
  /** The connector's config, for its `topic.creation.*` keys. */
  readonly topicCreation: Config;
  readonly topicCreationEnabled: boolean;
  readonly offsets: { readonly kind: 'kafka'; readonly topic: string } | { readonly kind: 'store'; readonly store: OffsetStore };
  /** Null: at least once. */
  readonly transactionalId: string | null;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly labels: Labels;
}

export type CreateSink = (request: SinkRequest) => Sink;

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
  readonly metrics: Metrics;
}
