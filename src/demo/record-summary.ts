/** A record as the demo shows it: made for reading, not for machines. */
export interface RecordSummary {
  readonly topic: string;
  readonly operation: 'insert' | 'update' | 'delete' | 'snapshot' | 'row' | 'tombstone';
  /** `id=7` */
  readonly key: string;
  /** `fare` `12.50`; of an update what changed, `status` `riding→done`. What the key says already is left out. */
  readonly values: readonly ShownValue[];
}

export interface ShownValue {
  /** Empty when the record is one value without fields. */
  readonly name: string;
  readonly text: string;
}

type Fields = Readonly<Record<string, unknown>>;

const operations: Readonly<Record<string, RecordSummary['operation']>> = { c: 'insert', u: 'update', d: 'delete', r: 'snapshot' };

/** `key` and `value` as decoded; a Debezium envelope is opened, any other value is a row. */
export function summarise(topic: string, key: unknown, value: unknown): RecordSummary {
  const keyFields = fieldsOf(key) ?? {};
  const shownKey = isFields(key)
    ? listOf(key, {})
        .map(({ name, text }) => `${name}=${text}`)
        .join(' ')
    : textOf(key);
  if (value === null) return { topic, operation: 'tombstone', key: shownKey, values: [] };
  if (!isFields(value)) return { topic, operation: 'row', key: shownKey, values: [{ name: '', text: textOf(value) }] };
  const operation = operations[String(value['op'])];
  const before = fieldsOf(value['before']);
  const after = fieldsOf(value['after']);
  if (operation === undefined || (before === null && after === null))
    return { topic, operation: 'row', key: shownKey, values: listOf(value, keyFields) };
  const values =
    after === null
      ? listOf(before ?? {}, keyFields)
      : operation === 'update' && before !== null
        ? changesOf(before, after)
        : listOf(after, keyFields);
  return { topic, operation, key: shownKey, values };
}

function changesOf(before: Fields, after: Fields): ShownValue[] {
  return Object.keys(after)
    .map((name) => ({ name, old: textOf(before[name]), text: textOf(after[name]) }))
    .filter(({ old, text }) => old !== text)
    .map(({ name, old, text }) => ({ name, text: old === 'null' ? text : `${old}→${text}` }));
}

/** Nulls are left out: what is there is what a reader looks for. */
function listOf(fields: Fields, known: Fields): ShownValue[] {
  return Object.entries(fields)
    .filter(([name, value]) => value !== null && !(name in known && textOf(known[name]) === textOf(value)))
    .map(([name, value]) => ({ name, text: textOf(value) }));
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') {
    // A moment to the second is what a glance takes in: 2026-01-02T03:04:05.678901Z → 2026-01-02 03:04:05
    const [, date, time] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z?$/.exec(value) ?? [];
    if (date !== undefined && time !== undefined) return `${date} ${time}`;
    // Nothing in a value may move the cursor or break the line.
    return /[\s\p{C}]/u.test(value) ? JSON.stringify(value).replaceAll(/\p{C}/gu, '?') : value;
  }
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
