import type { ParityRecord } from './parity-case.ts';

/** One place where our record says something else than Debezium's. */
export interface ParityDifference {
  readonly topic: string;
  /** Number of the record on its topic. */
  readonly index: number;
  /** `value.after.n`, `key.schema`, `headers.x`, `count`. */
  readonly path: string;
  readonly theirs: unknown;
  readonly ours: unknown;
  /** The operation of the record; empty for tombstones and for what has none. */
  readonly op: string;
}

/** Differ from run to run by their nature: compared as being there or not. */
const volatile = new Set(['ts_ms', 'ts_us', 'ts_ns', 'txId', 'lsn', 'xmin', 'sequence', 'version']);
/** Of the source block where it is flattened. */
const flattened = /^source_/;

/** Every difference between two topics, field by field; schemas as texts. */
export function parityDifferences(topic: string, theirs: readonly ParityRecord[], ours: readonly ParityRecord[]): ParityDifference[] {
  const found: ParityDifference[] = [];
  if (theirs.length !== ours.length) found.push({ topic, index: -1, path: 'count', theirs: theirs.length, ours: ours.length, op: '' });
  for (const [index, left] of theirs.entries()) {
    const right = ours[index];
    if (right === undefined) break;
    const op = (left.value?.value as { op?: string } | undefined)?.op ?? '';
    compare('key', left.key, right.key, (path, from, to) => found.push({ topic, index, path, theirs: from, ours: to, op }));
    compare('value', left.value, right.value, (path, from, to) => found.push({ topic, index, path, theirs: from, ours: to, op }));
    compare('headers', left.headers, right.headers, (path, from, to) => found.push({ topic, index, path, theirs: from, ours: to, op }));
    const order = [Object.keys(left.headers), Object.keys(right.headers)].map((names) =>
      names.filter((name) => name in left.headers && name in right.headers).join(),
    );
    if (order[0] !== order[1]) found.push({ topic, index, path: 'headers', theirs: order[0], ours: order[1], op });
  }
  return found;
}

type Report = (path: string, theirs: unknown, ours: unknown) => void;

function compare(path: string, theirs: unknown, ours: unknown, report: Report): void {
  if (isObject(theirs) && isObject(ours)) {
    for (const name of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
      const [left, right] = [theirs[name], ours[name]];
      const masked =
        volatile.has(name.replace(flattened, '')) && left !== undefined && right !== undefined && (left === null) === (right === null);
      if (!masked) compare(`${path}.${name}`, left, right, report);
    }
    return;
  }
  if (isTransactionId(theirs) && isTransactionId(ours)) return;
  if (JSON.stringify(theirs) !== JSON.stringify(ours)) report(path, theirs, ours);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `<xid>:<lsn>` */
function isTransactionId(value: unknown): boolean {
  return typeof value === 'string' && /^\d+:\d+$/.test(value);
}
