/**
 * Source offsets as Kafka Connect stores them: a partition (which stream) and a position in it, both flat JSON objects.
 * Postgres: `{"server":"inventory"}` → `{"lsn":24023128,…}`; CSV: `{"filename":"rides.csv"}` → `{"position":1024,…}`.
 */
export type OffsetValue = string | number | bigint | boolean | null;
export type OffsetMap = Readonly<Record<string, OffsetValue>>;

export interface SourceOffset {
  readonly partition: OffsetMap;
  /** Null forgets the partition (a tombstone in the offsets topic). */
  readonly offset: OffsetMap | null;
}

/** JSON without blanks, in insertion order, 64-bit integers printed in full: byte-equal to what Jackson prints. */
export function stringifyOffset(map: OffsetMap): string {
  const members = Object.entries(map).map(([key, value]) => {
    return `${JSON.stringify(key)}:${typeof value === 'bigint' ? value.toString() : JSON.stringify(value)}`;
  });
  return `{${members.join(',')}}`;
}

/** Integers beyond 2^53 come back as bigint, so that no LSN is ever rounded. Throws SyntaxError on anything else than a flat object. */
export function parseOffset(text: string): OffsetMap {
  return flat(JSON.parse(text, revive));
}

function flat(parsed: unknown): OffsetMap {
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) throw new SyntaxError('a source offset is a JSON object');
  for (const value of Object.values(parsed)) {
    if (value !== null && typeof value === 'object') throw new SyntaxError('a source offset has no nested members');
  }
  return parsed as OffsetMap;
}

// The third argument (the literal's source text) is part of the language since ES2025 and not yet in lib.es*.d.ts.
function revive(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value;
  return Number.isSafeInteger(value) || !/^-?\d+$/.test(context.source) ? value : BigInt(context.source);
}

/** Equal as JSON objects: same members and values, whatever their order; 5 and 5n are the same number. */
export function sameOffset(left: OffsetMap | null, right: OffsetMap | null): boolean {
  if (left === null || right === null) return left === right;
  const names = Object.keys(left);
  if (names.length !== Object.keys(right).length) return false;
  return names.every((name) => {
    const [a, b] = [left[name], right[name]];
    return typeof a === 'bigint' || typeof b === 'bigint' ? String(a) === String(b) : a === b;
  });
}

/** The key of the offsets topic: `["connector",{partition}]`, the text that Kafka Connect writes. */
export function formatOffsetKey(connector: string, partition: OffsetMap): string {
  return `[${JSON.stringify(connector)},${stringifyOffset(partition)}]`;
}

/** Null when the text is no offset key at all: another kind of record, what another program wrote. */
export function parseOffsetKey(text: string): { readonly connector: string; readonly partition: OffsetMap } | null {
  try {
    const parsed: unknown = JSON.parse(text, revive);
    if (!Array.isArray(parsed) || parsed.length !== 2 || typeof parsed[0] !== 'string') return null;
    return { connector: parsed[0], partition: flat(parsed[1]) };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

export function encodeOffsetKey(connector: string, partition: OffsetMap): Buffer {
  return Buffer.from(formatOffsetKey(connector, partition));
}

export function decodeOffsetKey(key: Uint8Array): ReturnType<typeof parseOffsetKey> {
  return parseOffsetKey(Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString());
}

/** Null stands for a tombstone: the partition is forgotten. */
export function encodeOffsetValue(offset: OffsetMap | null): Buffer | null {
  return offset === null ? null : Buffer.from(stringifyOffset(offset));
}

/** Throws SyntaxError on anything else than a flat JSON object. */
export function decodeOffsetValue(value: Uint8Array | null): OffsetMap | null {
  return value === null ? null : parseOffset(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString());
}

/** Equal for partitions that are equal as JSON objects, whatever the order of their members. */
export function offsetIdentity(partition: OffsetMap): string {
  return stringifyOffset(Object.fromEntries(Object.entries(partition).sort(([left], [right]) => (left < right ? -1 : 1))));
}
