import { createRequire } from 'node:module';
import type PromClient from 'prom-client';

const load = createRequire(import.meta.url);

/** One by one: what watches the garbage collector and the event loop costs something all the time, the rest when it is asked. */
const collectors = ['processStartTime', 'processOpenFileDescriptors', 'processMaxFileDescriptors', 'osMemoryHeap', 'heapSizeAndUsed'];

/** What Prometheus' clients tell of every process, under their names; read at each scrape. */
export function addProcessMetrics(registry: PromClient.Registry): void {
  for (const name of collectors) {
    const collector = load(`prom-client/lib/metrics/${name}.js`) as (registry: PromClient.Registry) => void;
    collector(registry);
  }
  addProcessorTime(registry);
}

/** From the start of the process on: the package counts from when its collector is loaded, and loads tracing with it. */
function addProcessorTime(registry: PromClient.Registry): void {
  const Counter = load('prom-client/lib/counter.js') as typeof PromClient.Counter;
  let countedUs = 0;
  const counter = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Total user and system CPU time spent in seconds.',
    registers: [],
    collect() {
      const { user, system } = process.cpuUsage();
      this.inc((user + system - countedUs) / 1e6);
      countedUs = user + system;
    },
  });
  registry.registerMetric(counter);
}
