import type { TransformPlugin } from '../plugin.ts';
import { listKey } from './part.ts';

/** It looks at records that tell of altered tables, on the topic of a connector's schema history; no source here has one. */
export const schemaChangeFilterPlugin: TransformPlugin = {
  className: 'io.debezium.transforms.SchemaChangeEventFilter',
  aliases: [],
  configKeys: [listKey('schema.change.event.exclude.list', 'CREATE, ALTER, DROP, TRUNCATE, DATABASE: there are no such records here.')],
  create: () => ({ plan: (shape) => ({ shape, step: null }) }),
};
