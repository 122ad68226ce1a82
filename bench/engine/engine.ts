import type { RecordForm } from '../table/cell-kind.ts';
import type { TableModel } from '../table/table-model.ts';
import type { EngineProcess } from './engine-process.ts';

export interface ServerAddresses {
  /** `host:port` */
  readonly kafka: string;
  /** The Confluent-compatible API. */
  readonly registry: string;
  readonly postgres: string;
}

/** Everything about a run that an engine is told: all get the same. */
export interface EngineJob {
  /** Unique; also the name of the slot and the publication, and the topic prefix. */
  readonly name: string;
  readonly folder: string;
  readonly servers: ServerAddresses;
  /** With its database. */
  readonly postgres: string;
  readonly model: TableModel;
  /** `public.trips`, all of the same model. */
  readonly tables: readonly string[];
  /** The latency scenario: experts tune for it differently. */
  readonly latency: boolean;
}

/** One way to bring changes from Postgres to Kafka. */
export interface Engine {
  readonly name: string;
  readonly title: string;
  readonly form: RecordForm;
  /** What ratios are taken against: `peer` is Debezium tuned with Avro. */
  readonly role: 'ours' | 'peer' | 'other';
  readonly takesSnapshots: boolean;
  /** Fetches what it needs; before anything is measured. */
  prepare(progress: (text: string) => void): Promise<void>;
  start(job: EngineJob): Promise<EngineProcess>;
  /** Where the rows of a table go. */
  topicOf(job: EngineJob, table: string): string;
}
