import { ConnectError } from '../base/errors.ts';
import { Config } from '../connect/config.ts';
import type { Converter } from '../connect/converter.ts';
import { withDefaults } from '../connect/plugin.ts';
import type { ConfigKey, ConverterPlugin } from '../connect/plugin.ts';
import type { NameAdjustment } from '../record/name-adjustment.ts';
import { CloudEventsConverter } from './cloud-events-converter.ts';
import type { EventFormat } from './cloud-events-converter.ts';
import { metadataSourceDefault, parseMetadataSource } from './metadata-source.ts';
import type { MetadataSource } from './metadata-source.ts';

/** The converters that write events and data. */
export interface EventWriters {
  readonly json: ConverterPlugin;
  readonly apicurio: ConverterPlugin;
  readonly confluent: ConverterPlugin;
}

type MakeContext = Parameters<ConverterPlugin['create']>[1];

const group = 'CloudEvents';
const formats = ['json', 'avro'];

const keys: readonly ConfigKey[] = [
  { name: 'serializer.type', type: 'STRING', default: 'json', oneOf: formats, importance: 'HIGH', group, doc: 'How events are written.' },
  {
    name: 'data.serializer.type',
    type: 'STRING',
    default: 'json',
    oneOf: formats,
    importance: 'HIGH',
    group,
    doc: 'How the data in them is written; events in Avro have data in Avro.',
  },
  {
    name: 'extension.attributes.enable',
    type: 'BOOLEAN',
    default: 'true',
    importance: 'HIGH',
    group,
    doc: 'Operation, source block and transaction as attributes of the event.',
  },
  {
    name: 'opentelemetry.tracing.attributes.enable',
    type: 'BOOLEAN',
    default: 'false',
    importance: 'HIGH',
    group,
    doc: 'The attribute traceparent, from the header of that name.',
  },
  {
    name: 'metadata.source',
    type: 'LIST',
    default: metadataSourceDefault,
    importance: 'HIGH',
    group,
    doc: 'Where source, operation and transaction come from (value or header), and id, type, traceparent and dataSchemaName (header or generate).',
    check: (value) => {
      const parsed = parseMetadataSource(value);
      return typeof parsed === 'string' ? parsed : null;
    },
  },
  {
    name: 'schema.cloudevents.name',
    type: 'STRING',
    default: null,
    importance: 'LOW',
    group,
    doc: 'The name of the schema of events; default: <topic.prefix>.<database>.CloudEvents.Envelope.',
  },
  {
    name: 'schema.data.name.source.header.enable',
    type: 'BOOLEAN',
    default: 'false',
    importance: 'LOW',
    group,
    doc: 'The name of the schema of data may stand in the header dataSchemaName, as metadata.source says.',
  },
  {
    name: 'schema.name.adjustment.mode',
    type: 'STRING',
    default: 'avro',
    oneOf: ['none', 'avro', 'avro_unicode'],
    importance: 'LOW',
    group,
    doc: 'How the name of the schema of events is made fit for Avro.',
  },
  { name: 'json.*', type: 'STRING', default: null, importance: 'LOW', group, doc: 'An option of the JSON converter.', pattern: /^json\./ },
  { name: 'avro.*', type: 'STRING', default: null, importance: 'LOW', group, doc: 'An option of the Avro converter.', pattern: /^avro\./ },
];

export function cloudEventsConverterPlugin(writers: EventWriters): ConverterPlugin {
  return {
    className: 'io.debezium.converters.CloudEventsConverter',
    aliases: ['millrace.CloudEventsConverter'],
    configKeys: keys,
    create(config, context) {
      const tracing = config.boolean('opentelemetry.tracing.attributes.enable');
      const options = {
        metadata: metadataOf(config, tracing),
        schemaName: config.optional('schema.cloudevents.name'),
        schemaNames: config.choice('schema.name.adjustment.mode') as NameAdjustment,
        extensions: config.boolean('extension.attributes.enable'),
        tracing,
      };
      return new CloudEventsConverter(formatOf(config, writers, context), options, context.log);
    },
  };
}

/** Two headers are looked at only where they are asked for by a property of their own, too. */
function metadataOf(config: Config, tracing: boolean): MetadataSource {
  const metadata = parseMetadataSource(config.string('metadata.source'));
  if (typeof metadata === 'string') throw invalid('metadata.source', metadata);
  return {
    ...metadata,
    traceparent: tracing ? metadata.traceparent : 'generate',
    dataSchemaName: config.boolean('schema.data.name.source.header.enable') ? metadata.dataSchemaName : 'generate',
  };
}

function formatOf(config: Config, writers: EventWriters, context: MakeContext): EventFormat {
  const json = config.withPrefix('json.');
  const isJson = config.choice('serializer.type') === 'json';
  const isJsonData = config.choice('data.serializer.type') === 'json';
  if (!isJson && isJsonData) throw invalid('data.serializer.type', 'events in Avro cannot have data in JSON: set it to avro');
  const event = isJson ? withOptions(writers.json, json, context, ['schemas.enable', 'false']) : null;
  if (event !== null && isJsonData) {
    const described = withDefaults(json, writers.json.configKeys).boolean('schemas.enable');
    return { kind: 'json', event, data: described ? withOptions(writers.json, json, context) : null };
  }
  const { converter, registry } = avroOf(config.withPrefix('avro.'), writers, context);
  return event === null ? { kind: 'avro', event: converter, registry } : { kind: 'json-avro', event, data: converter, registry };
}

/** The id of a schema stands in front of what is written: an event has no headers of its own that would say it. */
function avroOf(
  options: Config,
  writers: EventWriters,
  context: MakeContext,
): { readonly converter: Converter; readonly registry: string } {
  const apicurio = options.optional('apicurio.registry.url');
  const confluent = options.optional('schema.registry.url');
  if (apicurio !== null) {
    const converter = withOptions(writers.apicurio, options, context, ['apicurio.registry.headers.enabled', 'false']);
    return { converter, registry: withoutUser(apicurio) };
  }
  if (confluent === null)
    throw invalid('avro.schema.registry.url', 'Avro needs the address of a registry, here or under avro.apicurio.registry.url');
  return { converter: withOptions(writers.confluent, options, context), registry: withoutUser(confluent) };
}

/** What stands in every event is read by everybody. */
export function withoutUser(urls: string): string {
  return urls
    .split(',')
    .map((url) => url.trim().replace(/^(https?:\/\/)[^/@]*@/, '$1'))
    .join(',');
}

function withOptions(plugin: ConverterPlugin, options: Config, context: MakeContext, fixed?: readonly [string, string]): Converter {
  const given = new Config(new Map([...options.entries(), ...(fixed === undefined ? [] : [fixed])]));
  return plugin.create(withDefaults(given, plugin.configKeys), context);
}

function invalid(key: string, reason: string): ConnectError {
  return new ConnectError('config.invalid', `Invalid configuration ${key} of the CloudEventsConverter: ${reason}.`, {
    remedy: `Correct "value.converter.${key}".`,
  });
}
