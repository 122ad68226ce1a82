/** A record as the demo shows it: one line, made for reading, not for machines. */
export interface RecordSummary {
  readonly topic: string;
  readonly operation: 'insert' | 'update' | 'delete' | 'snapshot' | 'row' | 'tombstone';
  /** `id=7` */
  readonly key: string;
  /** `status=done fare=12.50`; of an update what changed, `status=riding→done`. */
  readonly values: string;
}

type Fields = Readonly<Record<string, unknown>>;

const operations: Readonly<Record<string, RecordSummary['operation']>> = { c: 'insert', u: 'update', d: 'delete', r: 'snapshot' };

/** `key` and `value` as decoded; a Debezium envelope is opened, any other value is a row. */
export function summarise(topic: string, key: unknown, value: unknown): RecordSummary {
  const shownKey = isFields(key) ? listOf(key) : textOf(key);
  if (!isFields(value))
    return { topic, operation: value === null ? 'tombstone' : 'row', key: shownKey, values: value === null ? '' : textOf(value) };
  const operation = operations[String(value['op'])];
  const before = fieldsOf(value['before']);
  const after = fieldsOf(value['after']);
  if (operation === undefined || (before === null && after === null))
    return { topic, operation: 'row', key: shownKey, values: listOf(value) };
  if (after === null) return { topic, operation, key: shownKey, values: listOf(before ?? {}) };
  return { topic, operation, key: shownKey, values: operation === 'update' && before !== null ? changesOf(before, after) : listOf(after) };
}

function changesOf(before: Fields, after: Fields): string {
  return Object.keys(after)
    .filter((name) => textOf(before[name]) !== textOf(after[name]))
    .map((name) => (before[name] === null ? `${name}=${textOf(after[name])}` : `${name}=${textOf(before[name])}→${textOf(after[name])}`))
    .join(' ');
}

/** Nulls are left out: what is there is what a reader looks for. */
function listOf(fields: Fields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${textOf(value)}`)
    .join(' ');
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return value.includes(' ') ? `"${value}"` : value;
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(12)));
  if (Buffer.isBuffer(value)) return `0x${value.toString('hex')}`;
  return JSON.stringify(value, (_name, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)) ?? '';
}

function fieldsOf(value: unknown): Fields | null {
  return isFields(value) ? value : null;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Buffer.isBuffer(value) && !Array.isArray(value);
}
