import { cloudEventLevels } from './cloud-event.ts';
import { capturedTables } from './config-workload.ts';
import type { Captured, Scope } from './config-workload.ts';
import { fitted } from './fitted-settings.ts';
import type { Settings } from './fitted-settings.ts';
import { operationFactors } from './operation-factors.ts';
import { named, pairwise } from './pairwise.ts';
import type { Factor, Level, Row } from './pairwise.ts';
import type { PeerConfig } from './peer-run.ts';
import { transformFactor } from './transform-factor.ts';
import { seededRandom } from '../support/seeded-random.ts';

function values(property: string, ...levels: readonly string[]): Factor {
  return { name: property, levels: levels.map((value): Level => ({ name: value, config: value === '' ? {} : { [property]: value } })) };
}

/** Where what connectors tell of their snapshots is read from: see `SnapshotNotes`. */
const told: Settings = { 'notification.enabled.channels': 'sink', 'notification.sink.topic.name': '{prefix}-notes' };
const sha = 'column.mask.hash.v2.SHA-256.with.salt.pepper';

/** Whatever of a config changes records or topics; `{prefix}` stands for the topic prefix. */
const sourceFactors: readonly Factor[] = [
  values('time.precision.mode', '', 'adaptive_time_microseconds', 'connect', 'microseconds', 'nanoseconds', 'isostring'),
  values('decimal.handling.mode', '', 'double', 'string'),
  values('binary.handling.mode', '', 'base64', 'base64-url-safe', 'hex'),
  values('interval.handling.mode', '', 'string'),
  values('hstore.handling.mode', '', 'map'),
  values('money.fraction.digits', '', '4'),
  values('include.unknown.datatypes', '', 'true'),
  values('tombstones.on.delete', '', 'false'),
  values('extended.headers.enabled', '', 'false'),
  values('unavailable.value.placeholder', '', 'gone', 'hex:00ff41'),
  // Debezium cannot narrow a publication that it filters: it writes SQL that Postgres does not understand.
  named('publication', {
    all: {},
    'no truncates and creates': { 'skipped.operations': 'c,t' },
    'no deletes': { 'skipped.operations': 'd', 'publish.via.partition.root': 'true' },
    'no updates': { 'skipped.operations': 'u' },
    everything: { 'skipped.operations': 'none', 'publish.via.partition.root': 'true' },
    filtered: { 'publication.autocreate.mode': 'filtered' },
    'made before': { 'publication.autocreate.mode': 'disabled' },
    'filled later': { 'publication.autocreate.mode': 'no_tables' },
  }),
  values('slot.stream.params', '', 'origin=none', 'origin=any'),
  named('identities', {
    'as they are': {},
    'set full': { 'replica.identity.autoset.values': String.raw`public\.whole:FULL` },
    'set by index': { 'replica.identity.autoset.values': 'public.later_indexed:INDEX later_code,public.mute:NOTHING' },
  }),
  // Of the level that ends a task there are no such values.
  named('values that do not fit', {
    none: {},
    fail: { 'event.converting.failure.handling.mode': 'fail' },
    warn: { 'event.converting.failure.handling.mode': 'warn' },
    skip: { 'event.converting.failure.handling.mode': 'skip' },
  }),
  values('schema.name.adjustment.mode', '', 'avro', 'avro_unicode'),
  values('field.name.adjustment.mode', '', 'avro', 'avro_unicode'),
  values('message.key.columns', '', 'public.gamma:txt', '(.*).beta:id;public.gamma:id,txt'),
  named('transactions', {
    none: {},
    plain: { 'provide.transaction.metadata': 'true' },
    named: { 'provide.transaction.metadata': 'true', 'topic.transaction': 'tx' },
  }),
  named('columns', {
    all: {},
    included: {
      'column.include.list': String.raw`public\.(alpha|beta|gamma|zmarks|toast)\.(id|.*t.*|c[0-5]),public\.(again|chosen|defs|indexed|kinds.*|later_indexed|mute|nothing|outbox|parts.*|shapes|signals_.*|silent|unfit|whole)\..*,other\..*,_timescaledb_internal\..*`,
    },
    excluded: { 'column.exclude.list': String.raw`public\.(alpha|gamma)\.c[02468],public\.toast\.(big|c1)` },
  }),
  named('tables', {
    included: {},
    'but for some': { 'table.exclude.list': String.raw`public\.({hidden})` },
    'of schemas': { 'schema.include.list': 'public', 'table.exclude.list': String.raw`public\.({hidden})` },
    'without a schema': { 'schema.exclude.list': 'other', 'table.include.list': String.raw`.*\.(?!{hidden}).*` },
  }),
  // Debezium compares what is written: a change beyond a truncation is none there.
  named('hidden', {
    none: {},
    unchanged: { 'skip.messages.without.change': 'true' },
    masked: {
      'column.mask.with.5.chars': String.raw`public\.(alpha|gamma)\.txt`,
      'column.mask.with.0.chars': String.raw`public\.beta\.c[0-3]`,
    },
    hashed: { [sha]: String.raw`public\.(alpha|gamma)\.txt`, 'column.mask.hash.MD5.with.salt.s': String.raw`public\.beta\.c[0-3]` },
    cut: { 'column.truncate.to.3.chars': String.raw`public\.(beta|gamma)\.txt,public\.defs\..*,public\.toast\.c1` },
  }),
  named('source types', {
    none: {},
    columns: { 'column.propagate.source.type': String.raw`public\.(alpha|gamma)\.c\d,public\.beta\.c[4-9],.*\.id` },
    types: {
      'datatype.propagate.source.type': String.raw`public\.(alpha|gamma)\.(VARCHAR|NUMERIC|TIMESTAMP|INT8),pg_catalog\.(varchar|numeric)`,
    },
  }),
  named('topics', {
    plain: {},
    default: { 'topic.naming.strategy': 'io.debezium.schema.DefaultTopicNamingStrategy' },
    delimiter: { 'topic.delimiter': '-' },
    regex: {
      'topic.naming.strategy': 'io.debezium.schema.SchemaRegexTopicNamingStrategy',
      'topic.regex': String.raw`(.*)\.public\.(alpha|beta)`,
      'topic.replacement': '$1.merged',
    },
    unicode: { 'topic.naming.strategy': 'io.debezium.schema.SchemaUnicodeTopicNamingStrategy' },
  }),
  named('heartbeats', {
    none: {},
    plain: { 'heartbeat.interval.ms': '500', 'xmin.fetch.interval.ms': '300' },
    query: {
      'heartbeat.interval.ms': '700',
      'heartbeat.action.query': 'INSERT INTO beats (at) VALUES (now())',
      'topic.heartbeat.prefix': 'beat-{prefix}',
    },
  }),
  named('snapshot', {
    initial: {},
    none: { 'snapshot.mode': 'no_data' },
    always: { 'snapshot.mode': 'always' },
    some: { 'snapshot.mode': 'when_needed', 'snapshot.include.collection.list': String.raw`public\.(alpha|gamma)` },
    select: {
      'snapshot.select.statement.overrides': 'public.alpha,public.beta',
      'snapshot.select.statement.overrides.public.alpha': 'SELECT * FROM public.alpha WHERE id % 2 = 0',
      'snapshot.select.statement.overrides.public.beta': 'SELECT * FROM public.beta WHERE id IS NOT NULL',
    },
    only: { 'snapshot.mode': 'initial_only', ...told },
    configured: {
      'snapshot.mode': 'configuration_based',
      'snapshot.mode.configuration.based.snapshot.data': 'true',
      'snapshot.mode.configuration.based.snapshot.schema': 'true',
      'snapshot.mode.configuration.based.start.stream': 'true',
    },
    'configured without data': {
      'snapshot.mode': 'configuration_based',
      'snapshot.mode.configuration.based.snapshot.schema': 'true',
      'snapshot.mode.configuration.based.snapshot.on.data.error': 'true',
      'snapshot.mode.configuration.based.start.stream': 'true',
    },
    'slot dropped': { 'snapshot.mode': 'when_needed', 'slot.drop.on.stop': 'true' },
  }),
  named('notifications', { none: {}, sink: told, 'sink and log': { ...told, 'notification.enabled.channels': 'log,sink' } }),
  named('signals', {
    none: {},
    table: { 'signal.data.collection': 'public.signals_{prefix}', 'incremental.snapshot.chunk.size': '7', ...told },
    'deleted marks': {
      'signal.data.collection': 'public.signals_{prefix}',
      'incremental.snapshot.watermarking.strategy': 'insert_delete',
      ...told,
    },
    'by file': {
      'signal.enabled.channels': 'source,file',
      'signal.file': '{folder}/{prefix}-signals',
      'signal.poll.interval.ms': '300',
      'signal.data.collection': 'public.signals_{prefix}',
      ...told,
    },
    'by topic': {
      'signal.enabled.channels': 'kafka',
      'signal.kafka.topic': '{prefix}-signal',
      'signal.kafka.bootstrap.servers': '{kafka}',
      'read.only': 'true',
      ...told,
    },
  }),
  values('snapshot.max.threads', '', '3'),
  named('snapshot reading', {
    usual: {},
    locked: {
      'snapshot.isolation.mode': 'repeatable_read',
      'snapshot.locking.mode': 'shared',
      'snapshot.lock.timeout.ms': '100000',
      'snapshot.tables.order.by.row.count': 'descending',
    },
    'in small pieces': {
      'snapshot.isolation.mode': 'read_committed',
      'snapshot.fetch.size': '3',
      'snapshot.max.threads.multiplier': '2',
      'snapshot.delay.ms': '200',
    },
  }),
  named('pace', {
    usual: {},
    'small batches': { 'max.batch.size': '7', 'max.queue.size': '9', 'poll.interval.ms': '50', 'query.fetch.size': '2' },
    'stored position': { 'offset.mismatch.strategy': 'trust_offset', 'database.initial.statements': "SELECT ';;'; SET work_mem = '4MB'" },
    'position of the slot': { 'offset.mismatch.strategy': 'trust_slot', 'internal.log.position.check.enable': 'false' },
    'server moves': { 'offset.mismatch.strategy': 'trust_greater_lsn', 'lsn.flush.mode': 'connector_and_driver' },
  }),
  named('post.processors', {
    none: {},
    reselect: reselected({ 'columns.include.list': 'public.again:big,public.again:nil' }),
    'reselect by key': reselected({
      'columns.include.list': 'public.again:big,public.again:nil',
      'null.values': 'false',
      'use.event.key': 'true',
    }),
  }),
  named('messages', {
    all: {},
    included: { 'message.prefix.include.list': 'app.*' },
    excluded: { 'message.prefix.exclude.list': 'app' },
  }),
];

function reselected(options: Settings): Settings {
  return {
    'post.processors': 'reselector',
    'post.processors.reselector.type': 'io.debezium.processors.reselect.ReselectColumnsPostProcessor',
    ...Object.fromEntries(Object.entries(options).map(([name, value]) => [`post.processors.reselector.reselect.${name}`, value])),
  };
}

const json = 'org.apache.kafka.connect.json.JsonConverter';
const text = 'org.apache.kafka.connect.storage.StringConverter';
const avro = 'io.apicurio.registry.utils.converter.AvroConverter';

/** `{apicurio}` stands for the address of the registry. */
function avroOf(part: string): Settings {
  const settings: Settings = {
    '': avro,
    '.apicurio.registry.url': '{apicurio}',
    '.apicurio.registry.auto-register': 'true',
    '.apicurio.registry.find-latest': 'true',
    '.apicurio.registry.as-confluent': 'true',
    '.apicurio.registry.use-id': 'contentId',
    '.apicurio.registry.headers.enabled': 'false',
  };
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [`${part}.converter${name}`, value]));
}

const converterFactors: readonly Factor[] = [
  named('value.converter', {
    avro: avroOf('value'),
    json: { 'value.converter': json },
    'json without schemas': { 'value.converter': json, 'value.converter.schemas.enable': 'false' },
    'json numeric': {
      'value.converter': json,
      'value.converter.decimal.format': 'NUMERIC',
      'value.converter.replace.null.with.default': 'false',
    },
    ...cloudEventLevels,
  }),
  named('key.converter', {
    avro: avroOf('key'),
    json: { 'key.converter': json },
    'json without schemas': { 'key.converter': json, 'key.converter.schemas.enable': 'false' },
    text: { 'key.converter': text },
  }),
  named('header.converter', { none: {}, json: { 'header.converter': json }, text: { 'header.converter': text } }),
];

const allFactors: readonly Factor[] = [...converterFactors, transformFactor, ...sourceFactors, ...operationFactors];

/**
 * Only by name: Debezium hears a topic in a thread of its own, beside the stream, and may never come to an end; whoever sets an
 * identity waits for the snapshots of all that read the table, and they for it; geometries need PostGIS.
 */
const undrawn = new Set(['by topic', 'geometry', 'set full', 'set by index', 'sized']);

export const drawnFactors: readonly Factor[] = allFactors.map(({ name, levels }) => ({
  name,
  levels: levels.filter((level) => !undrawn.has(level.name)),
}));

/** Drawn where configs are asked for, not by a build: they have stood for a shorter time. */
const newer = new Set([
  // Factors.
  'slot.stream.params',
  'identities',
  'values that do not fit',
  'operation',
  // Levels of others.
  'filled later',
  'configured without data',
  'slot dropped',
  'sink and log',
  'by file',
  'position of the slot',
]);

const settledFactors: readonly Factor[] = drawnFactors
  .filter(({ name }) => !newer.has(name))
  .map(({ name, levels }) => ({ name, levels: levels.filter((level) => !newer.has(level.name)) }));

/** Those of the configs that have every pair of levels, from one number to another. */
export function configsOf(seed: number, scope: Scope, from: number, to: number): PeerConfig[] {
  const factors = scope === 'all' ? drawnFactors : settledFactors;
  return [...pairwise(factors, seededRandom(seed)).take(to)].slice(from).map(configOf);
}

/** The config that has this name: `transforms=flat, value.converter=avro`. */
export function configNamed(name: string): PeerConfig {
  const wanted = new Map(name.split(', ').map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]));
  const row = new Map<string, Level>();
  for (const { name: factor, levels } of allFactors) {
    const level = levels.find((each) => each.name === wanted.get(factor));
    if (level !== undefined) row.set(factor, level);
    else if (wanted.has(factor)) throw new Error(`${factor} has no level ${wanted.get(factor)}`);
  }
  return configOf(row);
}

function configOf(row: Row): PeerConfig {
  const config = Object.assign({}, ...[...row.values()].map((level) => level.config)) as Record<string, string>;
  const said = [...row].filter(([, level]) => Object.keys(level.config).length > 0);
  const isAvro =
    ['key', 'value'].some((part) => (config[`${part}.converter`] ?? avro) === avro) ||
    config['value.converter.data.serializer.type'] === 'avro';
  const isAdjusted = ['schema', 'field'].every((part) => config[`${part}.name.adjustment.mode`] !== undefined);
  return {
    name: said.map(([factor, level]) => `${factor}=${level.name}`).join(', '),
    config: captured(fitted(config), {
      odd: !isAvro || isAdjusted,
      unfit: /warn|skip/.test(config['event.converting.failure.handling.mode'] ?? ''),
    }),
  };
}

/** Names with blanks and the like only where `odd`, values only where they may be `unfit`, chunks where a transform knows them, whichever lists say so. */
function captured(wanted: Settings, what: Captured): Settings {
  const { odd } = what;
  const hidden = ['beats', 'signals_.*', 'unseen', ...(what.unfit ? [] : ['unfit'])].join('|');
  const config = Object.fromEntries(Object.entries(wanted).map(([name, value]) => [name, value.replaceAll('{hidden}', hidden)]));
  const { 'schema.include.list': schemas, 'schema.exclude.list': others, 'table.exclude.list': tables } = config;
  const chunks = config['transforms.timescale.type'] === undefined ? [] : ['_timescaledb_internal'];
  const left = [...(odd ? [] : ['other']), '_timescaledb_catalog', ...(chunks.length > 0 ? [] : ['_timescaledb_internal'])];
  if (others !== undefined) return { ...config, 'schema.exclude.list': left.join() };
  if (schemas !== undefined) return { ...config, 'schema.include.list': ['public', ...(odd ? ['oth.*'] : []), ...chunks].join() };
  if (tables !== undefined) return { ...config, 'table.exclude.list': [tables, ...left.map((schema) => allOf(schema))].join() };
  return { ...config, 'table.include.list': [capturedTables(what), ...chunks.map((schema) => allOf(schema))].join() };
}

function allOf(schema: string): string {
  return String.raw`${schema}\..*`;
}
