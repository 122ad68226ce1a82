import { join } from 'node:path';

import { ensureArtifacts } from '../../src/embedded/artifacts.ts';
import { cacheDirectory } from '../../src/embedded/cache.ts';
import { findJava } from '../../src/embedded/java.ts';
import { Kafka } from '../../src/embedded/kafka.ts';

/** A broker of a test's own, which it may kill and whose settings it may choose. */
export async function startOwnKafka(directory: string, settings: Readonly<Record<string, string>> = {}, port = 39_192): Promise<Kafka> {
  const files = await ensureArtifacts({ repository: join(cacheDirectory(), 'maven'), progress: () => undefined });
  const jars = [...files.values()].filter((file) => file.endsWith('.jar'));
  return Kafka.start({ directory, jars, java: await findJava(), port, heapMb: 256, settings });
}
