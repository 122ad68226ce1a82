import { createRequire } from 'node:module';
import type Http from 'node:http';

/**
 * Node's own module. An `import` of it reads all of its names, one of which is WebSocket: that loads the whole of fetch, ten
 * times the work.
 */
export const http = createRequire(import.meta.url)('node:http') as typeof Http;
