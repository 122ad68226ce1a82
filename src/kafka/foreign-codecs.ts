import { createRequire } from 'node:module';

type Package = typeof import('@platformatic/kafka');

let found: Package['compressionsAlgorithms'] | null = null;

/**
 * snappy and lz4, which Node does not have. The package is loaded when the first batch needs it: it compiles the checks of a
 * whole client as it is loaded, which takes longer than the rest of a worker's start.
 */
export function foreignCodecs(): Package['compressionsAlgorithms'] {
  found ??= (createRequire(import.meta.url)('@platformatic/kafka') as Package).compressionsAlgorithms;
  return found;
}
