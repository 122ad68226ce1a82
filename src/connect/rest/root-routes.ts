import type { Clock } from '../../base/clock.ts';
import { workerMetricsText } from '../worker-metrics.ts';
import type { Worker } from '../worker.ts';
import { ok, type RestReply, type Route } from './route.ts';

export interface RootContext {
  /** Null until the worker has read back what it knew. */
  readonly ready: () => Worker | null;
  readonly worker: () => Worker;
  readonly clusterId: () => string | null;
  readonly clock: Clock;
  /** Of this product. */
  readonly version: string;
}

/** Tools switch features on by this version and parse it as numbers; it names the API, not the product. */
const connectVersion = '3.9.0';

const probeTimeoutMs = 10_000;

/** `/`, `/health`, `/metrics`. */
export function rootRoutes(context: RootContext): Route[] {
  return [
    {
      method: 'GET',
      url: '/',
      handle: () => {
        context.worker();
        return ok({ version: connectVersion, commit: `millrace-${context.version}`, kafka_cluster_id: context.clusterId() });
      },
    },
    { method: 'GET', url: '/health', handle: () => health(context) },
    {
      method: 'GET',
      url: '/metrics',
      handle: async () => ({
        status: 200,
        body: await workerMetricsText(context.worker()),
        headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
      }),
    },
  ];
}

/** A decision that does nothing goes through the queue: if it comes back, others will. */
async function health({ ready, clock }: RootContext): Promise<RestReply> {
  const worker = ready();
  if (worker === null) return { status: 503, body: { status: 'starting', message: 'Worker is still starting up.' } };
  const probe = worker.queue.run('probing its health', () => Promise.resolve(true));
  const timeout = Promise.withResolvers<boolean>();
  const timer = clock.after(probeTimeoutMs, () => timeout.resolve(false));
  const healthy = await Promise.race([probe, timeout.promise]);
  timer.cancel();
  if (healthy) return ok({ status: 'healthy', message: 'Worker has completed startup and is ready to handle requests.' });
  const message = 'Worker was unable to handle this request and may be unable to handle other requests.';
  return { status: 500, body: { status: 'unhealthy', message: message + worker.queue.stage } };
}
