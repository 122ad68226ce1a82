import type { LogRecord, RecordLog } from '../../src/connect/record-log.ts';

/** What a compacted topic is to the stores: an ordered list that several may read, each from where it stopped. */
export class MemoryLog implements RecordLog {
  readonly records: LogRecord[];
  #read = 0;

  constructor(records: LogRecord[] = []) {
    this.records = records;
  }

  readToEnd(each: (record: LogRecord) => void): Promise<void> {
    while (this.#read < this.records.length) {
      const record = this.records[this.#read];
      this.#read += 1;
      if (record !== undefined) each(record);
    }
    return Promise.resolve();
  }

  append(records: readonly LogRecord[]): Promise<void> {
    this.records.push(...records);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
