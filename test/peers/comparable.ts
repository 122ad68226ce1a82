import type { ParityRecord } from '../support/parity-case.ts';
import { streamedTypes } from './accepted-differences.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Sorted where the order says nothing: notes go by the order of tables, and several readers of a snapshot by chance. */
export function comparable(
  records: readonly ParityRecord[],
  topic: string,
  config: Readonly<Record<string, string>>,
): readonly ParityRecord[] {
  // A snapshot by signal has to hear of deletes, so that ours has transactions of skipped ones alone, with no event.
  if (config['signal.data.collection'] !== undefined && config['skipped.operations'] === 'd' && /tx$|transaction$/.test(topic)) return [];
  // Our own marks in the log: of two connectors on one database the other one sees them.
  if (topic.endsWith('message')) return records.filter(({ key }) => !JSON.stringify(key).includes('millrace.watermark'));
  if (topic.endsWith('-notes')) {
    const notes = sorted(records.filter((record) => !isTheirsAlone(record)).map(noteOf));
    // By topic theirs tell of a chunk again that two threads have read.
    return config['read.only'] === undefined ? notes : [...new Map(notes.map((note) => [JSON.stringify(note.value), note])).values()];
  }
  // An outbox has one row at most when it is read, and their schemas, by which records would be sorted, may have other names.
  if (topic.includes('.events.')) return records;
  if (Number(config['snapshot.max.threads'] ?? 1) > 1) return sorted(records);
  // Debezium reads a table in pieces along its key, and orders tables by what statistics say of the moment: what is of one row stays.
  const isReordered = Number(config['snapshot.max.threads.multiplier'] ?? 1) > 1 || 'snapshot.tables.order.by.row.count' in config;
  if (!isReordered) return records;
  // There keys are not what tells rows apart: ours are of another index, or rows are of several tables.
  return /indexed$|merged$/.test(topic) ? sorted(records) : sortedByKey(records);
}

/** Without what is random or a time. */
function noteOf(record: ParityRecord): ParityRecord {
  const value = { ...(record.value?.value as Record<string, unknown>) };
  const key = { ...(record.key?.value as Record<string, unknown>) };
  for (const part of [value, key]) if (uuid.test(String(part['id']))) part['id'] = 'random';
  value['timestamp'] = typeof value['timestamp'];
  const data = value['additional_data'] as Record<string, string> | null;
  // Which of a partitioned table and its partitions are read, and the signal table, are differences that are meant.
  const tables = data?.['data_collections']?.split(',').filter((name) => !/^public\.(parts|signals_)/.test(name));
  // What is ahead of the table that is read is told at the end.
  const isInitial = value['aggregate_type'] === 'Initial Snapshot' && value['type'] === 'IN_PROGRESS';
  const members = Object.entries({ ...data, ...(tables !== undefined && { data_collections: isInitial ? '' : tables.toSorted().join() }) });
  if (data) value['additional_data'] = Object.fromEntries(members.toSorted(([left], [right]) => (left < right ? -1 : 1)));
  return {
    ...record,
    headers: Object.fromEntries(Object.entries(record.headers).filter(([name]) => name !== 'additional_data')),
    key: record.key === null ? null : { ...record.key, value: typeof record.key.value === 'object' ? key : withoutUuid(record.key.value) },
    value: record.value === null ? null : { ...record.value, value },
  };
}

function withoutUuid(key: unknown): string {
  return String(key).replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, 'random');
}

/** Chunks of a table are not told of, and partitions are another matter. */
function isTheirsAlone({ value, headers }: ParityRecord): boolean {
  // Of events.
  const told = headers['additional_data'];
  if (told !== undefined)
    return /TABLE_CHUNK_/.test(headers['type'] ?? '') || /(in_progress|scanned_collection)[^a-z]{1,9}public\.(parts|signals_)/.test(told);
  const { type, additional_data: data } = (value?.value ?? {}) as { type?: string; additional_data?: Record<string, string> };
  const table = data?.['current_collection_in_progress'] ?? data?.['scanned_collection'] ?? '';
  return type?.startsWith('TABLE_CHUNK_') === true || /^public\.(parts|signals_)/.test(table);
}

function sorted(records: readonly ParityRecord[]): ParityRecord[] {
  return records
    .map((record) => ({
      record,
      text: JSON.stringify([record.value?.value, record.headers['type'] ?? record.headers['__op'], record.key?.value], steady),
    }))
    .toSorted((left, right) => (left.text < right.text ? -1 : left.text > right.text ? 1 : 0))
    .map(({ record }) => record);
}

/** Records of one row stay in their order. A value that says null is as one that is not there. */
function sortedByKey(records: readonly ParityRecord[]): ParityRecord[] {
  return records
    .map((record) => ({
      record,
      text: JSON.stringify(
        [(record.value?.value ?? null) === null ? null : streamedTypes(record.value?.schema ?? ''), record.key?.value],
        steady,
      ),
    }))
    .toSorted((left, right) => (left.text < right.text ? -1 : left.text > right.text ? 1 : 0))
    .map(({ record }) => record);
}

/** Leaves out what differs from run to run, or is accepted. */
function steady(name: string, value: unknown): unknown {
  if (/^(before(_.*)?|(after_)?m|w)$/.test(name)) return undefined;
  return /^(source|transaction|(source_)?(ts_[mun]s|lsn|txId|xmin|sequence|version|snapshot))$/.test(name) || name.startsWith('__')
    ? undefined
    : value;
}
