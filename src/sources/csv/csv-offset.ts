import { ConnectError } from '../../base/errors.ts';
import type { OffsetMap, SourceOffset } from '../../record/offset.ts';

/** How far a file has been read. Stored as `{"filename":…}` → `{"position":…,"line":…,"fingerprint":…,…}`. */
export interface CsvProgress {
  /** Bytes of the file up to the end of the last row taken. */
  readonly position: number;
  /** Lines up to there. */
  readonly line: number;
  /** From 1; more than 1 only with `repeat`. */
  readonly pass: number;
  /** Of the bytes before `position`; null when the offset was set by hand. */
  readonly fingerprint: string | null;
  /** The inferred columns, so that a later start does not infer others; null when they are configured. */
  readonly columns: string | null;
}

export function csvOffset(filename: string, progress: CsvProgress): SourceOffset {
  const { position, line, pass, fingerprint, columns } = progress;
  return {
    partition: { filename },
    offset: {
      position,
      line,
      ...(pass > 1 ? { pass } : {}),
      ...(fingerprint === null ? {} : { fingerprint }),
      ...(columns === null ? {} : { schema: columns }),
    },
  };
}

/** The files of the stored offsets; throws `config.invalid` on one that this source cannot have written. */
export function parseCsvOffsets(offsets: readonly SourceOffset[]): Map<string, CsvProgress> {
  const files = new Map<string, CsvProgress>();
  for (const { partition, offset } of offsets) {
    const filename = partition['filename'];
    if (offset === null) continue;
    if (typeof filename !== 'string') throw malformed('the partition has no "filename"');
    files.set(filename, {
      position: natural(offset, 'position', filename, null),
      line: natural(offset, 'line', filename, 0),
      pass: natural(offset, 'pass', filename, 1),
      fingerprint: text(offset, 'fingerprint', filename),
      columns: text(offset, 'schema', filename),
    });
  }
  return files;
}

function natural(offset: OffsetMap, name: string, filename: string, missing: number | null): number {
  const value = offset[name] ?? missing;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw malformed(`"${name}" of ${filename} is not a whole number from 0`);
}

function text(offset: OffsetMap, name: string, filename: string): string | null {
  const value = offset[name] ?? null;
  if (value === null || typeof value === 'string') return value;
  throw malformed(`"${name}" of ${filename} is not text`);
}

function malformed(reason: string): ConnectError {
  return new ConnectError('config.invalid', `The stored offset is not one of a CSV source: ${reason}.`, {
    remedy: 'Correct or delete the connector\'s offsets, as in {"filename":"rides.csv"} → {"position":0}.',
  });
}
