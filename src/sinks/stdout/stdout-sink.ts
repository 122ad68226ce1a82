import type { Sink } from '../../connect/sink.ts';
import type { SourceOffset } from '../../record/offset.ts';
import { offsetIdentity } from '../../record/offset.ts';
import type { RecordBatch } from '../../record/record-batch.ts';

export interface StdoutSinkOptions {
  /** How keys and values are shown: as UTF-8 text (JSON, String converters) or as base64 (Avro). */
  readonly encoding: 'utf8' | 'base64';
  /** Takes whole lines; resolves when there is room for more. */
  readonly write: (lines: string) => Promise<void>;
}

/**
 * Records as JSON lines, for looking at a source and for dry runs:
 * `{"topic":"orders","timestamp":1700000000000,"key":"…","value":null}`. Offsets are kept in memory, so every start is the first.
 */
export function createStdoutSink(options: StdoutSinkOptions): Sink {
  const stored = new Map<string, SourceOffset>();
  return {
    open: () => Promise.resolve([...stored.values()]),
    prepareTopic: () => Promise.resolve(),
    async commit(batch) {
      const lines: string[] = [];
      for (let record = 0; record < batch.length; record += 1) lines.push(line(batch, record, options.encoding));
      if (lines.length > 0) await options.write(lines.join(''));
      for (const entry of batch.offsets) {
        if (entry.offset === null) stored.delete(offsetIdentity(entry.partition));
        else stored.set(offsetIdentity(entry.partition), entry);
      }
    },
    close: () => Promise.resolve(),
  };
}

function line(batch: RecordBatch, record: number, encoding: 'utf8' | 'base64'): string {
  const text = (start: number, end: number): string | null => (start < 0 ? null : batch.arena.toString(encoding, start, end));
  const shown = {
    topic: batch.topics[batch.topic[record] ?? -1],
    timestamp: batch.timestampMs[record],
    key: text(batch.keyStart[record] ?? -1, batch.keyEnd[record] ?? -1),
    value: text(batch.valueStart[record] ?? -1, batch.valueEnd[record] ?? -1),
  };
  return `${JSON.stringify(shown)}\n`;
}
