import type { ConfigKey } from '../../connect/plugin.ts';
import { choice, ignored, optional, partly, required } from './config-key.ts';
import { checkPluginName, checkReplicaIdentities, checkSlotName } from './settings-rules.ts';

const connection = { group: 'Connection' } as const;
const replication = { group: 'Replication' } as const;

/** Where the database is, and the slot and publication through which changes come. */
export const connectionKeys: readonly ConfigKey[] = [
  required('database.hostname', 'STRING', 'Address of the Postgres server.', connection),
  optional('database.port', 'INT', '5432', 'Port of the Postgres server.', { ...connection, importance: 'HIGH', min: 1, max: 65_535 }),
  required('database.user', 'STRING', 'User with LOGIN and REPLICATION, and SELECT on the captured tables.', connection),
  optional('database.password', 'PASSWORD', null, 'Password of that user.', { ...connection, importance: 'HIGH' }),
  required('database.dbname', 'STRING', 'The database whose changes are captured.', connection),
  choice(
    'database.sslmode',
    'prefer',
    ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'],
    'Whether the connection is encrypted, and what is checked of the server certificate; as in libpq.',
    connection,
  ),
  optional('database.sslcert', 'STRING', null, 'PEM file with the client certificate.', connection),
  optional('database.sslkey', 'STRING', null, 'PEM file with the key of the client certificate.', connection),
  optional('database.sslpassword', 'PASSWORD', null, 'Password of that key.', connection),
  optional(
    'database.sslrootcert',
    'STRING',
    null,
    'PEM file with the certificate authorities that may sign the server certificate.',
    connection,
  ),
  optional('database.tcpKeepAlive', 'BOOLEAN', 'true', 'Send TCP keepalive probes, so that a dead connection is noticed.', connection),
  optional(
    'database.initial.statements',
    'STRING',
    null,
    'SQL run on every connection other than the replication connection; ";" separates, ";;" is a semicolon.',
    connection,
  ),
  optional('database.query.timeout.ms', 'INT', '600000', 'Limit on one statement other than the reading of a table; 0: none.', {
    ...connection,
    min: 0,
  }),
  optional('connection.validation.timeout.ms', 'LONG', '60000', 'Limit on connecting.', { ...connection, min: 1 }),
  optional('plugin.name', 'STRING', 'pgoutput', 'Logical decoding plug-in: pgoutput, the one that Postgres itself brings.', {
    ...replication,
    check: checkPluginName,
  }),
  optional('slot.name', 'STRING', 'debezium', 'Name of the replication slot; it is created when it does not exist.', {
    ...replication,
    importance: 'HIGH',
    check: checkSlotName,
  }),
  optional(
    'slot.drop.on.stop',
    'BOOLEAN',
    'false',
    'Drop the slot when the connector is stopped in order: for tests, as changes are lost then.',
    replication,
  ),
  optional('slot.failover', 'BOOLEAN', 'false', 'Create the slot so that standbys of Postgres 17 and newer take it over.', replication),
  optional('slot.stream.params', 'STRING', null, 'More options of START_REPLICATION: name=value, separated by ";".', replication),
  optional('slot.max.retries', 'INT', '6', 'How often to try again when the slot is in use.', { ...replication, min: 0 }),
  optional('slot.retry.delay.ms', 'LONG', '10000', 'Wait between those attempts.', { ...replication, min: 0 }),
  optional('publication.name', 'STRING', 'dbz_publication', 'Name of the publication.', { ...replication, importance: 'HIGH' }),
  choice(
    'publication.autocreate.mode',
    'all_tables',
    ['all_tables', 'disabled', 'filtered', 'no_tables'],
    'What to do when the publication is missing: create it for all tables, not at all, for the captured tables (kept up to date), or empty.',
    replication,
  ),
  optional(
    'publish.via.partition.root',
    'BOOLEAN',
    'false',
    'Create the publication so that changes of partitions come under the name of the partitioned table.',
    replication,
  ),
  optional(
    'replica.identity.autoset.values',
    'LIST',
    null,
    'Replica identities to set at start: <schema.table regex>:DEFAULT|FULL|NOTHING|INDEX <name>.',
    { ...replication, check: checkReplicaIdentities },
  ),
  choice(
    'offset.mismatch.strategy',
    'no_validation',
    ['no_validation', 'trust_offset', 'trust_slot', 'trust_greater_lsn'],
    'What decides when the stored offset and the slot disagree. An offset that the slot cannot serve is always an error.',
    replication,
  ),
  optional('internal.log.position.check.enable', 'BOOLEAN', 'true', 'Check at start that the slot still holds the stored position.', {
    ...replication,
    importance: 'LOW',
  }),
  optional('status.update.interval.ms', 'INT', '10000', 'How often the server is told the confirmed position.', { ...replication, min: 1 }),
  choice(
    'lsn.flush.mode',
    'connector',
    ['connector', 'manual', 'connector_and_driver'],
    'Who moves the slot forward; manual: nobody from here.',
    replication,
  ),
  optional('heartbeat.interval.ms', 'INT', '0', 'Interval of heartbeats; 0: none.', { ...replication, min: 0 }),
  optional('heartbeat.action.query', 'STRING', null, 'SQL to run at each heartbeat.', replication),
  optional('topic.heartbeat.prefix', 'STRING', '__debezium-heartbeat', 'The heartbeat topic is <this>.<topic.prefix>.', replication),
  partly('flush.lsn.source', 'BOOLEAN', 'true', ['true'], 'Older name of lsn.flush.mode.', 'set "lsn.flush.mode" to "manual".'),
  ignored('database.sslfactory', 'STRING', null, 'it names a Java class'),
  ignored('database.connection.factory.class', 'CLASS', null, 'it names a Java class'),
  ignored(
    'internal.create.slot.command.timeout',
    'LONG',
    '90',
    'creating a slot waits for the transactions that are open, until it is done or the connector is stopped',
  ),
  ignored('lsn.flush.timeout.ms', 'LONG', '30000', 'confirming a position does not block'),
  ignored('lsn.flush.timeout.action', 'STRING', 'fail', 'confirming a position does not block'),
  ignored('xmin.fetch.interval.ms', 'LONG', '0', 'the xmin of the slot is not read; source.xmin is null'),
  ignored('internal.custom.retriable.exception', 'STRING', null, 'failures are classified by SQLSTATE'),
  { ...ignored('driver', 'STRING', null, 'options of the JDBC driver do not apply'), name: 'driver.*', pattern: /^driver\./ },
];
