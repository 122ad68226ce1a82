const seed = 0x9747b28c;
const multiplier = 0x5bd1e995;

/** Magic byte and schema id in front of a serialised key. */
const wireHeaderBytes = 5;

/** MurmurHash2 of `bytes[start, end)`, bit for bit `org.apache.kafka.common.utils.Utils.murmur2`. */
export function murmur2(bytes: Uint8Array, start: number, end: number): number {
  let hash = seed ^ (end - start);
  let at = start;
  for (const stop = end - 3; at < stop; at += 4) {
    let k =
      (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
    k = Math.imul(k, multiplier);
    k ^= k >>> 24;
    hash = Math.imul(hash, multiplier) ^ Math.imul(k, multiplier);
  }
  const rest = end - at;
  if (rest > 2) hash ^= (bytes[at + 2] as number) << 16;
  if (rest > 1) hash ^= (bytes[at + 1] as number) << 8;
  if (rest > 0) hash = Math.imul(hash ^ (bytes[at] as number), multiplier);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, multiplier);
  return hash ^ (hash >>> 15);
}

/** Where Java's producer puts this key. */
export function partitionOfKey(bytes: Uint8Array, start: number, end: number, partitions: number): number {
  return (murmur2(bytes, start, end) & 0x7fff_ffff) % partitions;
}

/**
 * Like `partitionOfKey`, but over the key without its schema registry header, so that a new version of the key's schema
 * does not move keys to other partitions. A key without such a header counts whole.
 */
export function partitionOfLogicalKey(bytes: Uint8Array, start: number, end: number, partitions: number): number {
  const skip = end - start >= wireHeaderBytes && bytes[start] === 0 ? wireHeaderBytes : 0;
  return partitionOfKey(bytes, start + skip, end, partitions);
}

export type KeyPartitioner = typeof partitionOfKey;
