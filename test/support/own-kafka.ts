import { randomInt } from 'node:crypto';
import { join } from 'node:path';

import { ensureArtifacts } from '../../src/embedded/artifacts.ts';
import { cacheDirectory } from '../../src/embedded/cache.ts';
import { findJava } from '../../src/embedded/java.ts';
import { Kafka, type KafkaOptions } from '../../src/embedded/kafka.ts';

/** Below the ports that outgoing connections get, so that none takes it while the broker is down; above those of workers. */
export function ownKafkaPort(): number {
  return 20_000 + randomInt(5000);
}

/** Brokers of a test's own, which it may kill and whose settings it may choose. */
export async function startOwnKafka(directory: string, options: Pick<KafkaOptions, 'settings' | 'port' | 'brokers'> = {}): Promise<Kafka> {
  const files = await ensureArtifacts({ repository: join(cacheDirectory(), 'maven'), progress: () => undefined });
  const jars = [...files.values()].filter((file) => file.endsWith('.jar'));
  return Kafka.start({ directory, jars, java: await findJava(), port: ownKafkaPort(), heapMb: 256, ...options });
}
