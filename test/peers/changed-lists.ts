import type { ParityRecord } from '../support/parity-case.ts';

type Lists = { readonly changed: readonly string[]; readonly unchanged: readonly string[] };

/**
 * Two equal values of bytes are never equal there, as arrays go by identity. Our lists as theirs have to be then: the columns
 * that both rows have alike, and that their schema calls bytes, are in theirs among the changed ones.
 */
export function onlyBytesMoved(theirs: ParityRecord, ours: ParityRecord): boolean {
  const [left, right] = [listsOf(theirs), listsOf(ours)];
  const { before, after } = (ours.value?.value ?? {}) as Partial<Record<string, Record<string, unknown> | null>>;
  if (left === null || right === null || !before || !after) return false;
  const moved = right.unchanged.filter((name) => left.changed.includes(name));
  const isEqual = moved.every((name) => after[name] !== null && JSON.stringify(before[name]) === JSON.stringify(after[name]));
  const order = Object.keys(after);
  const sorted = (names: readonly string[]): string => names.toSorted((one, other) => order.indexOf(one) - order.indexOf(other)).join();
  return (
    isEqual &&
    moved.every((name) => isBytes(ours.value?.schema ?? '', name)) &&
    left.changed.join() === sorted([...right.changed, ...moved]) &&
    left.unchanged.join() === right.unchanged.filter((name) => !moved.includes(name)).join()
  );
}

function listsOf({ headers }: ParityRecord): Lists | null {
  const { Changed: changed, Unchanged: unchanged } = headers;
  return changed === undefined || unchanged === undefined ? null : { changed: namesOf(changed), unchanged: namesOf(unchanged) };
}

/** With schema or without, or as text. */
function namesOf(header: string): string[] {
  if (/^\[[^"\]]/.test(header)) return header.slice(1, -1).split(', ');
  const list = JSON.parse(header) as string[] | { readonly payload: string[] };
  return Array.isArray(list) ? list : list.payload;
}

/** Without a schema there is nothing to go by but the values. */
function isBytes(schema: string, column: string): boolean {
  if (schema === '') return true;
  const name = JSON.stringify(column);
  // Kafka Connect's JSON names a field behind its type, Avro before it.
  return new RegExp(`"type":"bytes"[^{}]*(\\{[^{}]*\\}[^{}]*)*"field":${name}|"name":${name},"type":[^}]*"bytes"`).test(schema);
}
