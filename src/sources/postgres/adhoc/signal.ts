import { anchored } from '../name-list.ts';

/** As it came, through whichever channel. */
export interface Signal {
  readonly id: string;
  readonly type: string;
  /** JSON text; null or empty: none. */
  readonly data: string | null;
}

export interface Condition {
  /** Regular expression over `schema.table`. */
  readonly tables: string;
  /** SQL that rows have to satisfy; or, for a blocking snapshot, a whole SELECT. */
  readonly filter: string;
}

export interface SnapshotOrder {
  readonly snapshot: 'incremental' | 'blocking';
  /** Regular expressions over `schema.table`. */
  readonly tables: readonly string[];
  readonly conditions: readonly Condition[];
  readonly surrogateKey: string | null;
}

/** What is to be done. `ignore`: nothing, and why. */
export type Order =
  | ({ readonly kind: 'execute' } & SnapshotOrder)
  /** `tables` empty: everything. */
  | { readonly kind: 'stop'; readonly tables: readonly string[] }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'log'; readonly message: string }
  | { readonly kind: 'ignore'; readonly reason: string };

/** Why a signal cannot be obeyed; for the log and for whoever sent it, and never a reason to stop. */
export class SignalFault extends Error {}

type Members = Readonly<Record<string, unknown>>;

/** Throws `SignalFault`. */
export function readSignal(signal: Signal): Order {
  switch (signal.type) {
    case 'execute-snapshot':
      return readExecute(readData(signal));
    case 'stop-snapshot': {
      const data = readData(signal);
      kindOf(data);
      return { kind: 'stop', tables: patterns(data, 'data-collections', false) };
    }
    case 'pause-snapshot':
      return { kind: 'pause' };
    case 'resume-snapshot':
      return { kind: 'resume' };
    case 'log':
      return { kind: 'log', message: text(readData(signal), 'message') ?? '' };
    case 'schema-changes':
      return { kind: 'ignore', reason: 'schemas are taken from the stream itself' };
    case 'snapshot-window-open':
    case 'snapshot-window-close':
      return { kind: 'ignore', reason: 'it marks a window of an incremental snapshot' };
    default:
      throw new SignalFault(
        `the type "${signal.type}" is not known: use execute-snapshot, stop-snapshot, pause-snapshot, resume-snapshot or log`,
      );
  }
}

function readExecute(data: Members): Order {
  const tables = patterns(data, 'data-collections', true);
  const surrogateKey = text(data, 'surrogate-key');
  return { kind: 'execute', snapshot: kindOf(data), tables, conditions: conditions(data), surrogateKey: surrogateKey || null };
}

function readData(signal: Signal): Members {
  if (signal.data === null || signal.data.trim() === '') return {};
  try {
    const parsed: unknown = JSON.parse(signal.data);
    if (parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed)) return parsed as Members;
  } catch {
    throw new SignalFault('its data is not JSON');
  }
  throw new SignalFault('its data is not a JSON object');
}

function kindOf(data: Members): 'incremental' | 'blocking' {
  const kind = (text(data, 'type') ?? 'incremental').toLowerCase();
  if (kind === 'incremental' || kind === 'blocking') return kind;
  throw new SignalFault(`"type" is "${kind}": use incremental or blocking`);
}

function text(data: Members, name: string): string | null {
  const value = data[name] ?? null;
  if (value === null) return null;
  if (typeof value === 'string') return value;
  throw new SignalFault(`"${name}" is not a text`);
}

function patterns(data: Members, name: string, needed: boolean): string[] {
  const value = data[name] ?? [];
  const list = Array.isArray(value) ? value : [value];
  if (needed && list.length === 0) throw new SignalFault(`"${name}" names no table`);
  return list.map((item) => {
    if (typeof item !== 'string' || item.trim() === '') throw new SignalFault(`"${name}" is not a list of texts`);
    return checked(item, name);
  });
}

function conditions(data: Members): Condition[] {
  const single = text(data, 'additional-condition');
  const value = data['additional-conditions'] ?? [];
  if (!Array.isArray(value)) throw new SignalFault('"additional-conditions" is not a list');
  const listed = value.map((item: unknown): Condition => {
    if (item === null || typeof item !== 'object') throw new SignalFault('"additional-conditions" is not a list of objects');
    const tables = text(item as Members, 'data-collection');
    const filter = text(item as Members, 'filter');
    if (tables === null || filter === null) throw new SignalFault('an additional condition needs "data-collection" and "filter"');
    return { tables: checked(tables, 'additional-conditions'), filter };
  });
  return single === null || single.trim() === '' ? listed : [...listed, { tables: '.*', filter: single }];
}

/** Names may be quoted as in SQL; the quotes are no part of the name. */
function checked(pattern: string, member: string): string {
  const unquoted = pattern.trim().replaceAll('"', '');
  try {
    anchored(unquoted);
    return unquoted;
  } catch {
    throw new SignalFault(`"${member}" holds something that is not a regular expression`);
  }
}

/** Does an expression of a signal mean this table? A plain name also means itself, whatever it is as an expression. */
export function meansTable(pattern: string, schema: string, table: string): boolean {
  const name = `${schema}.${table}`;
  return pattern === name || anchored(pattern).test(name);
}
