import type { LogLevels } from '../log-levels.ts';
import { RequestError } from '../request-error.ts';
import type { Worker } from '../worker.ts';
import { parseLevel } from './rest-body.ts';
import { ok, type Route } from './route.ts';

/** `/admin/loggers`: how much is logged, by part. */
export function loggerRoutes(worker: () => Worker): Route[] {
  const loggers = (): LogLevels => worker().runtime.loggers;
  return [
    { method: 'GET', url: '/admin/loggers', handle: () => ok(loggers().list()) },
    {
      method: 'GET',
      url: '/admin/loggers/:logger',
      handle: ({ params }) => {
        const found = loggers().get(params['logger'] ?? '');
        if (found === null) throw unknownLogger(params['logger']);
        return ok(found);
      },
    },
    {
      method: 'PUT',
      url: '/admin/loggers/:logger',
      handle: ({ params, query, body }) => {
        const name = params['logger'] ?? '';
        const level = parseLevel(body);
        const changed = loggers().set(name, level);
        if ('unknown' in changed)
          throw changed.unknown === 'level' ? RequestError.notFound(`invalid log level '${level}'.`) : unknownLogger(name);
        const scope = query('scope').at(-1)?.toLowerCase() ?? 'worker';
        // One worker is the whole cluster here.
        if (scope === 'cluster') return { status: 204 };
        if (scope !== 'worker') worker().runtime.log.warn({ scope }, 'an unknown scope for a log level is taken as "worker"');
        return ok(changed);
      },
    },
  ];
}

function unknownLogger(name: string | undefined): RequestError {
  return RequestError.notFound(`Logger ${name} not found.`);
}
