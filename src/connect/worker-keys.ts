import type { ConfigKey } from './plugin.ts';

type Extra = Partial<Omit<ConfigKey, 'name' | 'type' | 'default' | 'doc'>>;

function key(name: string, type: ConfigKey['type'], value: string | null | undefined, doc: string, extra: Extra = {}): ConfigKey {
  return { name, type, default: value, doc, ...extra };
}

const distributed = 'one worker runs alone for now';
const replication = '-1 takes the default of the brokers.';

/** Every key of a worker file, in Kafka Connect's names. Only `bootstrap.servers` must be given. */
export const workerKeys: readonly ConfigKey[] = [
  key('bootstrap.servers', 'LIST', undefined, 'HOST:PORT of some Kafka brokers, separated by commas.', { importance: 'HIGH' }),
  key(
    'group.id',
    'STRING',
    'millrace',
    'Names this worker group: prefix of its storage topics and of the transactional ids of its tasks.',
    { importance: 'HIGH' },
  ),
  key('client.id', 'STRING', null, 'The name under which Kafka sees this worker.'),
  key(
    'key.converter',
    'CLASS',
    null,
    'Converter of keys for connectors that name none. Default: Avro where a schema registry URL is given, else JSON.',
    { importance: 'HIGH' },
  ),
  key('value.converter', 'CLASS', null, 'Converter of values for connectors that name none. Default as for keys.', { importance: 'HIGH' }),
  key(
    'header.converter',
    'CLASS',
    'org.apache.kafka.connect.storage.SimpleHeaderConverter',
    'Converter of headers for connectors that name none.',
  ),
  key(
    'schema.registry.url',
    'STRING',
    null,
    'URL of a schema registry for both converters, where key.converter.* and value.converter.* name none.',
  ),
  key(
    'listeners',
    'LIST',
    'http://127.0.0.1:8083',
    'Where REST listens: http://HOST:PORT; an empty host or 0.0.0.0 is every address, port 0 a free one.',
    { check: listenerComplaint },
  ),
  key('rest.advertised.host.name', 'STRING', null, 'The host by which others reach this worker; part of its worker_id.'),
  key('rest.advertised.port', 'INT', null, 'The port by which others reach this worker.', { min: 1, max: 65_535 }),
  key(
    'rest.mask.secrets',
    'BOOLEAN',
    'false',
    'Whether REST shows [hidden] for secrets that are written out in a connector config. Kafka Connect shows them; references are always shown as references.',
  ),
  key('access.control.allow.origin', 'STRING', '', 'Value of the Access-Control-Allow-Origin header of REST answers.'),
  key('access.control.allow.methods', 'STRING', '', 'Methods that cross-origin requests may use.'),
  key('offset.storage.topic', 'STRING', null, 'Topic for source offsets. Default: GROUP-offsets.', { importance: 'HIGH' }),
  key('offset.storage.partitions', 'INT', '25', 'Partitions of the offsets topic when it is created.'),
  key('offset.storage.replication.factor', 'SHORT', '-1', `Copies of the offsets topic when it is created; ${replication}`),
  key(
    'offset.storage.file.filename',
    'STRING',
    null,
    'Keeps offsets in this file in place of Kafka, as standalone Kafka Connect does: at-least-once only.',
  ),
  key('config.storage.topic', 'STRING', null, 'Topic for connector configs. Default: GROUP-configs.', { importance: 'HIGH' }),
  key('config.storage.replication.factor', 'SHORT', '-1', `Copies of the config topic when it is created; ${replication}`),
  key('status.storage.topic', 'STRING', null, 'Topic for states. Default: GROUP-status.', { importance: 'HIGH' }),
  key('status.storage.partitions', 'INT', '5', 'Partitions of the status topic when it is created.'),
  key('status.storage.replication.factor', 'SHORT', '-1', `Copies of the status topic when it is created; ${replication}`),
  key(
    'exactly.once.source.support',
    'STRING',
    'enabled',
    'enabled: records and offsets become visible together, in one Kafka transaction; disabled: at least once.',
    { oneOf: ['disabled', 'preparing', 'enabled'] },
  ),
  key('task.shutdown.graceful.timeout.ms', 'LONG', '5000', 'How long all tasks together may take to end when the worker leaves.', {
    min: 0,
  }),
  key('worker.start.timeout.ms', 'LONG', '60000', 'How long to wait at start for Kafka to become reachable before giving up.', { min: 0 }),
  key('topic.creation.enable', 'BOOLEAN', 'true', 'Whether connectors may create topics as their topic.creation.* keys say.'),
  key('topic.tracking.enable', 'BOOLEAN', 'true', 'Whether the topics in use by each connector are recorded.'),
  key('topic.tracking.allow.reset', 'BOOLEAN', 'true', 'Whether that record may be reset over REST.'),
  key('config.providers', 'LIST', '', 'Names of further config providers; env, file and directory are always there.'),
  key('connector.client.config.override.policy', 'STRING', 'All', 'Which client settings connectors may override.', { oneOf: ['All'] }),
  key('security.protocol', 'STRING', 'PLAINTEXT', 'How to talk to the brokers.', {
    oneOf: ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'],
  }),
  key('request.timeout.ms', 'INT', '30000', 'How long to wait for the answer of a broker.', { min: 1 }),
  key('retry.backoff.ms', 'LONG', '100', 'Pause before a failed request is repeated.', { min: 0 }),
  key('retry.backoff.max.ms', 'LONG', '1000', 'The longest such pause.', { min: 0 }),
  key('metadata.max.age.ms', 'LONG', '300000', 'After how long topics are looked at again.', { min: 0 }),
  key('socket.connection.setup.timeout.ms', 'LONG', '10000', 'How long a connection may take to be made.', { min: 1 }),
  key('log.level', 'STRING', 'info', 'The least severe log lines that are written.', {
    oneOf: ['trace', 'debug', 'info', 'warn', 'error', 'fatal'],
  }),
  key('log.format', 'STRING', 'text', 'Log lines for machines (json) or for people (text).', { oneOf: ['json', 'text'] }),
  key('client.dns.lookup', 'STRING', 'use_all_dns_ips', 'Accepted for compatibility.'),
  key('offset.flush.interval.ms', 'LONG', '60000', 'Accepted for compatibility.', { ignored: 'offsets are committed with every batch' }),
  key('offset.flush.timeout.ms', 'LONG', '5000', 'Accepted for compatibility.', { ignored: 'offsets are committed with every batch' }),
  key('plugin.path', 'LIST', null, 'Accepted for compatibility.', { ignored: 'all plugins are built in' }),
  key('plugin.discovery', 'STRING', null, 'Accepted for compatibility.', { ignored: 'all plugins are built in' }),
  key('metric.reporters', 'LIST', null, 'Accepted for compatibility.', { ignored: 'metrics are at /metrics' }),
  key('metrics.num.samples', 'INT', null, 'Accepted for compatibility.', { ignored: 'metrics are at /metrics' }),
  key('metrics.sample.window.ms', 'LONG', null, 'Accepted for compatibility.', { ignored: 'metrics are at /metrics' }),
  key('metrics.recording.level', 'STRING', null, 'Accepted for compatibility.', { ignored: 'metrics are at /metrics' }),
  key('auto.include.jmx.reporter', 'BOOLEAN', null, 'Accepted for compatibility.', { ignored: 'metrics are at /metrics' }),
  key('connect.protocol', 'STRING', null, 'Accepted for compatibility.', { ignored: distributed }),
  key('session.timeout.ms', 'INT', null, 'Accepted for compatibility.', { ignored: distributed }),
  key('heartbeat.interval.ms', 'INT', null, 'Accepted for compatibility.', { ignored: distributed }),
  key('rebalance.timeout.ms', 'INT', null, 'Accepted for compatibility.', { ignored: distributed }),
  key('scheduled.rebalance.max.delay.ms', 'INT', null, 'Accepted for compatibility.', { ignored: distributed }),
  key('worker.sync.timeout.ms', 'INT', null, 'Accepted for compatibility.', { ignored: distributed }),
  key('worker.unsync.backoff.ms', 'INT', null, 'Accepted for compatibility.', { ignored: distributed }),
  key('connections.max.idle.ms', 'LONG', null, 'Accepted for compatibility.'),
  key('reconnect.backoff.ms', 'LONG', null, 'Accepted for compatibility.'),
  key('reconnect.backoff.max.ms', 'LONG', null, 'Accepted for compatibility.'),
  key('send.buffer.bytes', 'INT', null, 'Accepted for compatibility.'),
  key('receive.buffer.bytes', 'INT', null, 'Accepted for compatibility.'),
];

function family(pattern: RegExp, type: ConfigKey['type'], doc: string, ignored?: string): ConfigKey {
  return { name: pattern.source, pattern, type, default: null, doc, ...(ignored === undefined ? {} : { ignored }) };
}

/** Keys known by their beginning; the more telling patterns come first. */
export const workerFamilies: readonly ConfigKey[] = [
  family(
    /^(?:(?:producer|consumer|admin|listeners\.https|admin\.listeners\.https)\.)?(?:sasl\.jaas\.config|sasl\.password|sasl\.client\.secret|sasl\.oauthbearer\.client\.secret|ssl\.[a-z.]*password|ssl\.keystore\.key)$/,
    'PASSWORD',
    'A secret of a Kafka client.',
  ),
  family(/^(?:key|value|header)\.converter\..*(?:password|user\.info|token|secret)/, 'PASSWORD', 'A secret of a converter.'),
  family(/^(?:key|value|header)\.converter\./, 'STRING', 'Options of the default converters.'),
  family(/^(?:sasl|ssl)\./, 'STRING', 'Security settings of the Kafka clients.'),
  family(/^(?:producer|admin)\./, 'STRING', 'Settings of the Kafka clients of connectors.'),
  family(/^consumer\./, 'STRING', 'Settings of sink connectors.', 'source connectors have no consumer'),
  family(/^config\.providers\..+\.(?:class|param\..+)$/, 'STRING', 'Config providers.'),
  family(/^(?:offset|config|status)\.storage\./, 'STRING', 'Settings of the storage topics when they are created.'),
  family(/^inter\.worker\./, 'STRING', 'Accepted for compatibility.', distributed),
  family(
    /^(?:listeners\.https|admin\.listeners|rest\.extension|response\.http|rest\.advertised\.listener)/,
    'STRING',
    'Accepted for compatibility.',
    'REST has no TLS and no extensions yet',
  ),
];

function listenerComplaint(value: string): string | null {
  for (const listener of value.split(',').map((item) => item.trim())) {
    if (!/^http:\/\/(\[[0-9a-fA-F:]+\]|[^\s:/]*):\d{1,5}\/?$/.test(listener)) {
      return 'Listener names must be of the form http://HOST:PORT (https is not supported yet)';
    }
  }
  return null;
}
