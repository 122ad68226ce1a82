import { headerEvents } from './cloud-event.ts';
import { named } from './pairwise.ts';
import type { Factor } from './pairwise.ts';

type Settings = Readonly<Record<string, string>>;

const unwrap = 'io.debezium.transforms.ExtractNewRecordState';
const connect = 'org.apache.kafka.connect.transforms';

function chain(...links: readonly (readonly [alias: string, type: string, options?: Settings])[]): Settings {
  const settings: Record<string, string> = { transforms: links.map(([alias]) => alias).join(',') };
  for (const [alias, type, options = {}] of links) {
    settings[`transforms.${alias}.type`] = type;
    for (const [name, value] of Object.entries(options)) settings[`transforms.${alias}.${name}`] = value;
  }
  return settings;
}

const rows = { predicate: 'rows', negate: 'false' };

/** The predicate `name`: topics that match. */
function onTopics(name: string, pattern: string): Settings {
  return {
    predicates: name,
    [`predicates.${name}.type`]: `${connect}.predicates.TopicNameMatches`,
    [`predicates.${name}.pattern`]: pattern,
  };
}

const isRow = onTopics('rows', '.*(public|other|merged).*');
/** What notifications tell is a map, on which Flatten of Kafka Connect fails. */
const mapless = { predicate: 'notes', negate: 'true' };
const isMapless = onTopics('notes', '.*-notes');
/** Each has a column `id`. */
const isNumbered = onTopics('rows', '.*(public.(alpha|beta|gamma|toast)|merged)');

export const transformFactor: Factor = named('transforms', {
  none: {},
  unwrap: chain(['unwrap', unwrap]),
  rewrite: chain([
    'unwrap',
    unwrap,
    { 'delete.tombstone.handling.mode': 'rewrite', 'add.fields': 'op,table,source.schema,source.snapshot', 'add.headers': 'op,source.db' },
  ]),
  'header events': {
    ...chain(
      [
        'tell',
        `${connect}.HeaderFrom$Value`,
        { fields: 'op,source,transaction', headers: 'op,source,transaction', operation: 'copy', ...rows },
      ],
      ['unwrap', unwrap, { 'delete.tombstone.handling.mode': 'rewrite', ...rows }],
    ),
    ...isRow,
    'tombstones.on.delete': 'false',
    ...headerEvents,
  },
  both: chain([
    'unwrap',
    unwrap,
    { 'delete.tombstone.handling.mode': 'rewrite-with-tombstone', 'add.fields': 'op:operation', 'add.fields.prefix': '' },
  ]),
  drop: chain(['unwrap', unwrap, { 'delete.tombstone.handling.mode': 'drop', 'add.headers': 'table', 'add.headers.prefix': 'h_' }]),
  merge: chain([
    'merge',
    'io.debezium.transforms.ByLogicalTableRouter',
    {
      'topic.regex': '(.*)public(.)(alpha|beta)',
      'topic.replacement': '$1all',
      'key.field.regex': '(.*)public(.)(.*)',
      'key.field.replacement': '$3',
    },
  ]),
  route: { ...chain(['route', `${connect}.RegexRouter`, { regex: '(.*)public.(.*)', replacement: '$1routed.$2', ...rows }]), ...isRow },
  zone: chain(['zone', 'io.debezium.transforms.TimezoneConverter', { 'converted.timezone': '+05:30' }]),
  changed: chain([
    'changed',
    'io.debezium.transforms.ExtractChangedRecordState',
    { 'header.changed.name': 'Changed', 'header.unchanged.name': 'Unchanged' },
  ]),
  keys: {
    ...chain(
      ['unwrap', unwrap, { 'delete.tombstone.handling.mode': 'drop', ...rows }],
      ['key', `${connect}.ValueToKey`, { fields: 'id', ...rows }],
      ['extract', `${connect}.ExtractField$Key`, { field: 'id', ...rows }],
      ['header', `${connect}.InsertHeader`, { header: 'app', 'value.literal': 'peer', ...rows }],
    ),
    ...onTopics('rows', '.*public.(alpha|beta|gamma|toast)'),
  },
  living: {
    ...chain(['living', `${connect}.Filter`, { predicate: 'dead' }], ['unwrap', unwrap, { 'add.fields': 'op' }]),
    predicates: 'dead',
    'predicates.dead.type': `${connect}.predicates.RecordIsTombstone`,
  },
  outbox: {
    ...chain([
      'outbox',
      'io.debezium.transforms.outbox.EventRouter',
      {
        'route.topic.replacement': '{prefix}.events.${routedByValue}',
        'table.fields.additional.placement': 'type:header:eventType,origin:envelope',
        predicate: 'outbox',
      },
    ]),
    ...onTopics('outbox', '.*outbox'),
  },
  'outbox expanded': {
    ...chain([
      'outbox',
      'io.debezium.transforms.outbox.EventRouter',
      {
        'route.topic.replacement': '{prefix}.events.${routedByValue}',
        'table.expand.json.payload': 'true',
        'route.tombstone.on.empty.payload': 'true',
        predicate: 'outbox',
      },
    ]),
    ...onTopics('outbox', '.*outbox'),
  },
  // In Avro no name has a dot in it.
  flat: { ...chain(['unwrap', unwrap], ['flat', `${connect}.Flatten$Value`, { delimiter: '_', ...mapless }]), ...isMapless },
  'flat envelope': { ...chain(['flat', `${connect}.Flatten$Value`, { delimiter: '_', ...mapless }]), ...isMapless },
  // A tombstone is no struct, which ends their task.
  fields: {
    ...chain(
      ['unwrap', unwrap, { 'delete.tombstone.handling.mode': 'rewrite', ...rows }],
      ['insert', `${connect}.InsertField$Value`, { 'static.field': 'app', 'static.value': 'peer', 'topic.field': 'told' }],
      ['mask', `${connect}.MaskField$Value`, { fields: 'txt,id', ...rows }],
      ['word', `${connect}.MaskField$Value`, { fields: 'v', replacement: 'hidden', ...rows }],
      ['replace', `${connect}.ReplaceField$Value`, { renames: 'txt:text,v:w', exclude: 'c1', ...rows }],
      ['meta', `${connect}.SetSchemaMetadata$Value`, { 'schema.name': 'renamed', 'schema.version': '7', ...rows }],
    ),
    ...isRow,
  },
  // Tombstones go by their keys, in which Avro has the number of a schema: none are kept.
  partitions: {
    ...chain(
      [
        'partition',
        'io.debezium.transforms.partitions.PartitionRouting',
        { 'partition.payload.fields': 'change.id', 'partition.topic.num': '3', ...rows },
      ],
      ['unwrap', unwrap, { 'delete.tombstone.handling.mode': 'drop', ...rows }],
    ),
    ...isNumbered,
    'topic.creation.groups': 'numbered',
    'topic.creation.numbered.include': '.*(public.(alpha|beta|gamma|toast)|merged)',
    'topic.creation.numbered.partitions': '3',
    'topic.creation.numbered.replication.factor': '1',
  },
  'header fields': {
    ...chain(
      ['unwrap', unwrap, { 'delete.tombstone.handling.mode': 'rewrite', 'add.headers': 'op,table', ...rows }],
      ['lift', 'io.debezium.transforms.HeaderToValue', { headers: '__op,__table', fields: 'did,origin', operation: 'move', ...rows }],
    ),
    ...isRow,
  },
  // Of a column whose type is not told it ends the task.
  described: chain(['describe', 'io.debezium.transforms.ExtractSchemaToNewRecord']),
  // Of a record with a decimal in it that is too large it ends the task.
  sized: {
    ...chain(['size', 'io.debezium.transforms.EnforceRecordSize', { 'max.bytes': '176000', 'min.field.size': '300', predicate: 'large' }]),
    ...onTopics('large', '.*toast'),
  },
  // What points of Postgres are differs between topics of one stream: of shapes without SRID it ends the task.
  geometry: {
    ...chain(
      ['swap', 'io.debezium.transforms.SwapGeometryCoordinates', { ...rows }],
      ['form', 'io.debezium.transforms.GeometryFormatTransformer', { ...rows }],
    ),
    ...onTopics('rows', '.*shapes'),
  },
  timescale: chain([
    'timescale',
    'io.debezium.connector.postgresql.transforms.timescaledb.TimescaleDb',
    {
      'target.topic.prefix': '{prefix}.ts',
      'database.hostname': '{host}',
      'database.port': '{port}',
      'database.user': '{user}',
      'database.password': '{password}',
      'database.dbname': '{database}',
    },
  ]),
  'message content': {
    ...chain([
      'decode',
      'io.debezium.connector.postgresql.transforms.DecodeLogicalDecodingMessageContent',
      { 'fields.null.include': 'true', predicate: 'message' },
    ]),
    ...onTopics('message', '.*message'),
  },
});
