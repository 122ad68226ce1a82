import type { ConfigKey, TransformPlugin } from '../plugin.ts';
import { stringKey } from './part.ts';

const onlyKey: ConfigKey = {
  name: 'tracing.with.context.field.only',
  type: 'BOOLEAN',
  default: 'false',
  importance: 'HIGH',
  doc: 'Whether only records that have the field are traced.',
};

/** Transforms that leave records as they are and tell another system of them, which is not there. */
export const passThroughPlugins: readonly TransformPlugin[] = [
  passThrough('tracing.ActivateTracingSpan', 'there is no tracer, so that records get no span and no headers of one', [
    stringKey('tracing.span.context.field', 'The column that holds the span of the application.', 'tracingspancontext'),
    stringKey('tracing.operation.name', 'The name of the span of a record.', 'debezium-read'),
    onlyKey,
  ]),
  passThrough('openlineage.OpenLineage', 'OpenLineage is not supported', []),
];

function passThrough(name: string, ignored: string, configKeys: readonly ConfigKey[]): TransformPlugin {
  return {
    className: `io.debezium.transforms.${name}`,
    aliases: [],
    configKeys,
    ignored,
    create: () => ({ plan: (shape) => ({ shape, step: null }) }),
  };
}
