import { ConnectorOffsets } from '../connector-offsets.ts';
import type { Worker } from '../worker.ts';
import { connectorOf } from './connector-routes.ts';
import { parseOffsets } from './rest-body.ts';
import { ok, type Route } from './route.ts';

/** `/connectors/{c}/offsets`. */
export function offsetRoutes(worker: () => Worker): Route[] {
  const url = '/connectors/:connector/offsets';
  const offsets = (): ConnectorOffsets => new ConnectorOffsets(worker());
  return [
    { method: 'GET', url, handle: async ({ params }) => ok(await offsets().list(connectorOf(params))) },
    { method: 'PATCH', url, handle: async ({ params, body }) => ok(await offsets().alter(connectorOf(params), parseOffsets(body))) },
    { method: 'DELETE', url, handle: async ({ params }) => ok(await offsets().reset(connectorOf(params))) },
  ];
}
