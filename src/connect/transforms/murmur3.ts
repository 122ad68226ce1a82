const seed = 9001n;

const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotate = (value: bigint, bits: bigint): bigint => wrap((value << bits) | (value >> (64n - bits)));

/**
 * The upper half of the 64-bit MurmurHash3 that Debezium hashes by: the first published form, whose multipliers change from
 * block to block, with tail bytes taken as signed. Not the MurmurHash3 of today.
 */
export function murmur3(bytes: Uint8Array): number {
  let h1 = 0x9368e53c2f6af274n ^ seed;
  let h2 = 0x586dcd208f7cd3fdn ^ seed;
  let c1 = 0x87c37b91114253d5n;
  let c2 = 0x4cf5ad432745937fn;
  const mix = (low: bigint, high: bigint): void => {
    h1 = wrap((h1 ^ wrap(rotate(wrap(low * c1), 23n) * c2)) + h2);
    h2 = rotate(h2, 41n);
    h2 = wrap((h2 ^ wrap(rotate(wrap(high * c2), 23n) * c1)) + h1);
    h1 = wrap(h1 * 3n + 0x52dce729n);
    h2 = wrap(h2 * 3n + 0x38495ab5n);
    c1 = wrap(c1 * 5n + 0x7b7d159cn);
    c2 = wrap(c2 * 5n + 0x6bce6396n);
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tail = bytes.length - (bytes.length % 16);
  for (let at = 0; at < tail; at += 16) mix(view.getBigUint64(at, true), view.getBigUint64(at + 8, true));
  if (tail < bytes.length) mix(signedTail(bytes, tail), signedTail(bytes, tail + 8));
  h2 ^= BigInt(bytes.length);
  h1 = wrap(h1 + h2);
  h2 = wrap(h2 + h1);
  h1 = finish(h1);
  h2 = finish(h2);
  return Number(BigInt.asIntN(32, wrap(h1 + h2) >> 32n));
}

/** Up to eight bytes from `start`, little-endian; a byte from 0x80 on flips all bits above its own, too. */
function signedTail(bytes: Uint8Array, start: number): bigint {
  let value = 0n;
  for (let at = Math.min(start + 8, bytes.length) - 1; at >= start; at -= 1)
    value ^= BigInt.asIntN(8, BigInt(bytes[at] as number)) << BigInt(8 * (at - start));
  return wrap(value);
}

function finish(hash: bigint): bigint {
  let mixed = wrap((hash ^ (hash >> 33n)) * 0xff51afd7ed558ccdn);
  mixed = wrap((mixed ^ (mixed >> 33n)) * 0xc4ceb9fe1a85ec53n);
  return mixed ^ (mixed >> 33n);
}
