const bytes = new Uint8Array(64 * 1024).map((_none, at) => (at * 131) & 0xff);
const copy = new Uint8Array(bytes.length);
const rounds = 24;

/**
 * A fixed piece of work of the kind that the row path does: bytes read, mixed and written, with a branch that is hard to foretell.
 * The time of a benchmark divided by the time of this holds across machines far better than nanoseconds do. Never change it: every
 * baseline would be wrong.
 */
export function calibrate(): number {
  let hash = 0x811c9dc5;
  for (let round = 0; round < rounds; round += 1) {
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = (bytes[at] as number) ^ (hash & 0xff);
      hash = Math.imul(hash ^ byte, 0x01000193);
      copy[at] = (hash & 3) === 0 ? byte : hash >>> 24;
    }
  }
  return hash;
}
