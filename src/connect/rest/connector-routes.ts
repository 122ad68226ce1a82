import { parseInitialState } from '../config-file.ts';
import type { ConnectorStateInfo } from '../connector.ts';
import { RequestError } from '../request-error.ts';
import { named, type Worker } from '../worker.ts';
import { parseConfig, parseCreate, parseSignal } from './rest-body.ts';
import { isTrue, ok, type Route } from './route.ts';

type GetWorker = () => Worker;

/** `/connectors` and all below it, but offsets. */
export function connectorRoutes(worker: GetWorker): Route[] {
  return [...collectionRoutes(worker), ...configRoutes(worker), ...stateRoutes(worker), ...taskRoutes(worker), ...topicRoutes(worker)];
}

function collectionRoutes(worker: GetWorker): Route[] {
  return [
    {
      method: 'GET',
      url: '/connectors',
      handle: ({ query }) => {
        const expand = query('expand');
        const status = expand.includes('status');
        const info = expand.includes('info');
        if (!status && !info) return ok(worker().names());
        const entries = worker()
          .connectors()
          .map((connector) => [
            connector.name,
            { ...(status ? { status: connector.status() } : {}), ...(info ? { info: connector.info() } : {}) },
          ]);
        return ok(Object.fromEntries(entries));
      },
    },
    {
      method: 'POST',
      url: '/connectors',
      handle: async ({ body }) => {
        const { name, config, initialState } = parseCreate(body);
        const info = await worker().create(name, named(name, config), parseInitialState(initialState));
        return { status: 201, body: info, headers: { location: `/connectors/${encodeURIComponent(name)}` } };
      },
    },
    { method: 'GET', url: '/connectors/:connector', handle: ({ params }) => ok(worker().info(connectorOf(params))) },
    {
      method: 'DELETE',
      url: '/connectors/:connector',
      handle: async ({ params }) => {
        await worker().remove(connectorOf(params));
        return { status: 204 };
      },
    },
  ];
}

function configRoutes(worker: GetWorker): Route[] {
  const url = '/connectors/:connector/config';
  return [
    { method: 'GET', url, handle: ({ params }) => ok(worker().config(connectorOf(params))) },
    {
      method: 'PUT',
      url,
      handle: async ({ params, body }) => {
        const name = connectorOf(params);
        const { created, info } = await worker().put(name, named(name, parseConfig(body)));
        if (!created) return ok(info);
        return { status: 201, body: info, headers: { location: `/connectors/${encodeURIComponent(name)}` } };
      },
    },
    { method: 'PATCH', url, handle: async ({ params, body }) => ok(await worker().patch(connectorOf(params), parseConfig(body))) },
  ];
}

function stateRoutes(worker: GetWorker): Route[] {
  return [
    { method: 'GET', url: '/connectors/:connector/status', handle: ({ params }) => ok(worker().status(connectorOf(params))) },
    {
      method: 'PUT',
      url: '/connectors/:connector/pause',
      handle: async ({ params }) => {
        await worker().target(connectorOf(params), 'PAUSED');
        return { status: 202 };
      },
    },
    {
      method: 'PUT',
      url: '/connectors/:connector/resume',
      handle: async ({ params }) => {
        await worker().target(connectorOf(params), 'STARTED');
        return { status: 202 };
      },
    },
    {
      method: 'PUT',
      url: '/connectors/:connector/stop',
      handle: async ({ params }) => {
        await worker().target(connectorOf(params), 'STOPPED');
        return { status: 204 };
      },
    },
    {
      method: 'POST',
      url: '/connectors/:connector/restart',
      handle: async ({ params, query }) => {
        const scope = { includeTasks: isTrue(query('includeTasks')), onlyFailed: isTrue(query('onlyFailed')) };
        const status: ConnectorStateInfo = await worker().restart(connectorOf(params), scope);
        return scope.includeTasks || scope.onlyFailed ? { status: 202, body: status } : { status: 204 };
      },
    },
    {
      method: 'POST',
      url: '/connectors/:connector/signals',
      handle: async ({ params, body }) => {
        const signal = parseSignal(body);
        await worker().find(connectorOf(params)).signal(signal);
        return { status: 202, body: { id: signal.id } };
      },
    },
  ];
}

function taskRoutes(worker: GetWorker): Route[] {
  return [
    { method: 'GET', url: '/connectors/:connector/tasks', handle: ({ params }) => ok(worker().tasks(connectorOf(params))) },
    {
      method: 'GET',
      url: '/connectors/:connector/tasks-config',
      handle: ({ params }) => {
        const tasks = worker().tasks(connectorOf(params));
        return ok(Object.fromEntries(tasks.map(({ id, config }) => [`${id.connector}-${id.task}`, config])));
      },
    },
    {
      method: 'GET',
      url: '/connectors/:connector/tasks/:task/status',
      handle: ({ params }) => ok(worker().taskStatus(connectorOf(params), taskOf(params))),
    },
    {
      method: 'POST',
      url: '/connectors/:connector/tasks/:task/restart',
      handle: async ({ params }) => {
        await worker().restartTask(connectorOf(params), taskOf(params));
        return { status: 204 };
      },
    },
  ];
}

function topicRoutes(worker: GetWorker): Route[] {
  return [
    {
      method: 'GET',
      url: '/connectors/:connector/topics',
      handle: ({ params }) => {
        const name = connectorOf(params);
        const { worker: config, statuses } = worker().runtime;
        if (!config.config.boolean('topic.tracking.enable')) throw new RequestError(403, 'Topic tracking is disabled.');
        return ok({ [name]: { topics: statuses.topics(name) } });
      },
    },
    {
      method: 'PUT',
      url: '/connectors/:connector/topics/reset',
      handle: ({ params }) => {
        const { worker: config, statuses } = worker().runtime;
        if (!config.config.boolean('topic.tracking.enable')) throw new RequestError(403, 'Topic tracking is disabled.');
        if (!config.config.boolean('topic.tracking.allow.reset')) throw new RequestError(403, 'Topic tracking reset is disabled.');
        statuses.resetTopics(connectorOf(params));
        return { status: 202 };
      },
    },
  ];
}

export function connectorOf(params: Readonly<Record<string, string>>): string {
  return params['connector'] ?? '';
}

function taskOf(params: Readonly<Record<string, string>>): number {
  const task = params['task'] ?? '';
  if (!/^\d{1,9}$/.test(task)) throw RequestError.notFound('HTTP 404 Not Found');
  return Number(task);
}
