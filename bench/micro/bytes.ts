import { crc32c } from '@node-rs/crc32';
import { partitionOfKey } from '../../src/kafka/partitioner.ts';
import type { MicroBenchmark } from './micro-benchmark.ts';

const block = Buffer.alloc(256 * 1024, 'the bytes of a record batch ');
const keyBytes = 12;
const keys = Buffer.alloc(keyBytes * 10_000);
for (let at = 0; at < keys.length; at += keyBytes) keys.write(String(at).padStart(keyBytes, '0'), at, 'latin1');
let kept = 0;

/** Keeps a result in use, so that the work cannot be left out. */
export function keep(value: number): void {
  kept ^= value;
}

export const byteBenchmarks: readonly MicroBenchmark[] = [
  { name: 'crc32c', unit: 'KiB', units: block.length / 1024, run: () => keep(crc32c(block)) },
  {
    name: 'partitioner, keys of 12 bytes',
    unit: 'key',
    units: 10_000,
    run: () => {
      for (let at = 0; at < keys.length; at += keyBytes) keep(partitionOfKey(keys, at, at + keyBytes, 12));
    },
  },
];
