import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { registryConfigKeys, registryOptions } from '../../src/avro/registry-options.ts';
import { SchemaRegistry } from '../../src/avro/schema-registry.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { Config } from '../../src/connect/config.ts';
import type { MicroBenchmark } from './micro-benchmark.ts';

const lookUps = 2000;
const columns = Array.from({ length: 15 }, (_none, at) => ({ name: `c${at}`, type: ['null', 'string'], default: null }));
const schema = JSON.stringify({ type: 'record', name: 'Value', namespace: 'bench', fields: columns });

/** A schema that is known already: what a table's second declaration pays. A registry of a few lines answers the first question. */
export async function registryBenchmarks(): Promise<readonly MicroBenchmark[]> {
  const server = createServer((_request, answer) => answer.setHeader('content-type', 'application/json').end('{"id":7}'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const defaults = Object.fromEntries(registryConfigKeys.map((key) => [key.name, key.default ?? null]));
  const options = registryOptions(Config.of({ ...defaults, 'schema.registry.url': `http://127.0.0.1:${port}` }));
  const registry = new SchemaRegistry(options, systemClock, silentLog);
  const id = await registry.idOf('bench-value', schema);
  server.closeAllConnections();
  server.close();
  return [
    {
      name: 'registry, a known schema',
      unit: 'look-up',
      units: lookUps,
      run: async () => {
        for (let at = 0; at < lookUps; at += 1)
          if ((await registry.idOf('bench-value', schema)) !== id) throw new Error('another id for the same schema');
      },
    },
  ];
}
