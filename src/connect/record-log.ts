/** One record of a compacted topic; a null value is a tombstone. */
export interface LogRecord {
  readonly key: string;
  readonly value: string | null;
}

/** What the stores need of a compacted topic. The Kafka adapter implements it; so does a list in tests. */
export interface RecordLog {
  /** Calls back, in order, for every committed record since the previous call; resolves at the end of the log. */
  readToEnd(each: (record: LogRecord) => void): Promise<void>;
  /** Resolves when all brokers that must have the records have them. */
  append(records: readonly LogRecord[]): Promise<void>;
  close(): Promise<void>;
}
