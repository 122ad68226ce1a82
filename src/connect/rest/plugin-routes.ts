import type { Worker } from '../worker.ts';
import { parseConfig } from './rest-body.ts';
import { ok, type Route } from './route.ts';

/** `/connector-plugins`: what is built in, its config keys, and validation. */
export function pluginRoutes(worker: () => Worker): Route[] {
  return [
    {
      method: 'GET',
      url: '/connector-plugins',
      handle: ({ query }) => ok(worker().runtime.plugins.list(query('connectorsOnly').at(-1)?.toLowerCase() !== 'false')),
    },
    { method: 'GET', url: '/connector-plugins/:plugin/config', handle: ({ params }) => ok(worker().definitions(params['plugin'] ?? '')) },
    {
      method: 'PUT',
      url: '/connector-plugins/:plugin/config/validate',
      handle: ({ params, body }) => ok(worker().validate(params['plugin'] ?? '', parseConfig(body))),
    },
  ];
}
