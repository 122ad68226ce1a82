import type { JavaRandom } from './java-random.ts';

/** Seeds `random` for one stream of random numbers of one row: near numbers give seeds that have nothing in common. */
export function seedFor(random: JavaRandom, high: number, low: number, table: number, row: number, stream: number): void {
  let first = mix(high ^ mix(table + 0x9e37));
  first = mix(first ^ (row | 0));
  first = mix(first ^ Math.floor(row / 0x1_0000_0000));
  first = mix(first ^ stream);
  let second = mix(low ^ mix(stream + 0x85eb));
  second = mix(second ^ (row | 0));
  second = mix(second ^ first);
  random.seed(second, first ^ mix(second + table));
}

/** The finalizer of MurmurHash3: each bit of the argument reaches all bits of the answer. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
