import type { ParityPart } from '../support/parity-case.ts';
import type { Level } from './pairwise.ts';

export const cloudEventsConverter = 'io.debezium.converters.CloudEventsConverter';

/** `{apicurio}` stands for the address of the registry. */
const registry = {
  'value.converter.avro.apicurio.registry.url': '{apicurio}',
  'value.converter.avro.apicurio.registry.auto-register': 'true',
  'value.converter.avro.apicurio.registry.find-latest': 'true',
  'value.converter.avro.apicurio.registry.as-confluent': 'true',
  'value.converter.avro.apicurio.registry.use-id': 'contentId',
  'value.converter.avro.apicurio.registry.headers.enabled': 'false',
};

/** By name, what a config says to have events. */
export const cloudEventLevels: Readonly<Record<string, Level['config']>> = {
  events: { 'value.converter': cloudEventsConverter },
  'events without schemas': {
    'value.converter': cloudEventsConverter,
    'value.converter.json.schemas.enable': 'false',
    'value.converter.schema.cloudevents.name': 'an-event',
  },
  'events with avro': { 'value.converter': cloudEventsConverter, 'value.converter.data.serializer.type': 'avro', ...registry },
  'events in avro': {
    'value.converter': cloudEventsConverter,
    'value.converter.serializer.type': 'avro',
    'value.converter.data.serializer.type': 'avro',
    ...registry,
  },
  'few attributes': {
    'value.converter': cloudEventsConverter,
    'value.converter.extension.attributes.enable': 'false',
    'value.converter.json.decimal.format': 'NUMERIC',
  },
};

/** Whatever describes the event stands in headers, as behind the transform that takes the envelope away. */
export const headerEvents: Level['config'] = {
  'header.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter': cloudEventsConverter,
  'value.converter.metadata.source': 'header,id:generate,type:generate,dataSchemaName:generate',
};

/** Of the options of the value's converter those of `headerEvents` alone. */
export function withHeaderEvents(config: Level['config']): Level['config'] {
  const rest = Object.entries(config).filter(([name]) => !name.startsWith('value.converter.'));
  return { ...Object.fromEntries(rest), ...headerEvents };
}

type Text = Readonly<Record<string, string | null>>;

/**
 * An event as a record like others: its source block under the names of the envelope, so that what differs from run to run is
 * known as such; what is made of it (id, time) is held against it; the data as `avro` reads it where it is Avro.
 */
export async function plainEvent(
  { schema, value }: ParityPart,
  avro: (bytes: Buffer) => Promise<ParityPart | null>,
  bytesOf: (data: unknown) => Buffer,
): Promise<ParityPart> {
  const { data, dataschema, id, time, ...attributes } = value as Text & { readonly data: unknown };
  const source: Record<string, string | null> = {};
  const transaction: Record<string, string | null> = {};
  const rest: Record<string, string | null> = {};
  for (const [name, each] of Object.entries(attributes)) {
    if (name.startsWith('iodebeziumtx') && name !== 'iodebeziumtxId') transaction[name.slice(12)] = each;
    else if (name.startsWith('iodebezium')) source[sourceNames.get(name) ?? name] = each;
    else rest[name] = each;
  }
  const { op, ...block } = source;
  const isTold = op !== undefined;
  return {
    schema,
    value: {
      ...rest,
      names: Object.keys(value as object).join(),
      id: isTold
        ? id === `name:${block['name']};lsn:${block['lsn']};txId:${block['txId']};sequence:${block['sequence']}`
        : id?.startsWith('name:PFX;lsn:'),
      time: isTold ? time === new Date(Number(block['ts_ms'])).toISOString() : Number.isFinite(Date.parse(time ?? '')),
      dataschema: dataschema?.replace(/\d+$/, 'ID'),
      op,
      source: block,
      transaction,
      data: attributes['datacontenttype'] === 'application/avro' ? await avro(bytesOf(data)) : data,
    },
  };
}

const sourceNames = new Map(
  [
    'op',
    'ts_ms',
    'ts_us',
    'ts_ns',
    'origin_lsn',
    'txId',
    'lsn',
    'sequence',
    'version',
    'name',
    'snapshot',
    'db',
    'schema',
    'table',
    'xmin',
  ].map((name) => [`iodebezium${name.replaceAll('_', '')}`, name]),
);

export function isEvent(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'specversion' in value;
}
