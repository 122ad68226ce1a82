import type { ConfigKey } from '../../connect/plugin.ts';
import { choice, ignored, optional, required } from './config-key.ts';
import { javaRegex } from '../../base/java-regex.ts';
import { driverKeys } from './driver-settings.ts';
import { checkPluginName, checkReplicaIdentities, checkSlotName, pluginNotice } from './settings-rules.ts';

const connection = { group: 'Connection' } as const;
const replication = { group: 'Replication' } as const;

function checkPattern(value: string): string | null {
  try {
    javaRegex(value, '');
    return null;
  } catch {
    return 'is not a regular expression';
  }
}

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
    'SQL run on every connection other than the replication connection; ";" separates, ";;" is a semicolon. What it changes of the text form of values is set back.',
    connection,
  ),
  optional('database.query.timeout.ms', 'INT', '600000', 'Limit on one statement other than the reading of a table; 0: none.', {
    ...connection,
    min: 0,
  }),
  optional('connection.validation.timeout.ms', 'LONG', '60000', 'Limit on connecting.', { ...connection, min: 1 }),
  optional('plugin.name', 'STRING', 'pgoutput', 'Logical decoding plug-in: always pgoutput, also where it says decoderbufs.', {
    ...replication,
    check: checkPluginName,
    notice: pluginNotice,
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
  optional('slot.drop.on.delete', 'BOOLEAN', 'false', 'Drop the slot when the connector is deleted.', replication),
  optional('slot.failover', 'BOOLEAN', 'false', 'Create the slot so that standbys of Postgres 17 and newer take it over.', replication),
  optional('slot.stream.params', 'STRING', null, 'More options of START_REPLICATION: name=value, separated by ";".', replication),
  choice(
    'streaming.transactions',
    'off',
    ['off', 'spill'],
    'Large transactions in progress: kept by the server until they commit (off), or sent at once and kept in files here (spill).',
    replication,
  ),
  optional(
    'streaming.transactions.directory',
    'STRING',
    null,
    'Where they are kept; by default the directory for temporary files.',
    replication,
  ),
  optional(
    'streaming.transactions.max.bytes',
    'LONG',
    '107374182400',
    'How much they may take together; beyond it they are left to the server until the next start.',
    {
      ...replication,
      min: 1,
    },
  ),
  optional('slot.max.retries', 'INT', '6', 'How often to try again when the slot is in use.', { ...replication, min: 0 }),
  optional('slot.retry.delay.ms', 'LONG', '10000', 'Wait between those attempts.', { ...replication, min: 0 }),
  optional(
    'slot.lost.warning.ms',
    'LONG',
    '3600000',
    'Warn when the log that the server keeps for the slot is used up within this time at the present rate.',
    {
      ...replication,
      min: 0,
    },
  ),
  choice(
    'slot.danger.policy',
    'warn',
    ['warn', 'pause_others'],
    'What to do when the log that the server keeps for the slot is nearly used up: only warn, or have the other connectors of the worker stand still meanwhile.',
    replication,
  ),
  optional('slot.danger.ms', 'LONG', '600000', 'With "pause_others": nearly means within this time, at the present rate.', {
    ...replication,
    min: 0,
  }),
  optional('slot.danger.hold.max.ms', 'LONG', '900000', 'With "pause_others": the others stand still for so long at most.', {
    ...replication,
    min: 0,
  }),
  choice(
    'slot.lost.policy',
    'fail',
    ['fail', 'snapshot'],
    'What to do at start about a slot whose log the server has taken away: fail, or replace it and take a new snapshot.',
    replication,
  ),
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
    'publish.generated.columns',
    'BOOLEAN',
    null,
    'Create the publication so that stored generated columns are part of it (Postgres 18 and newer); by default under millrace.PostgresSource only.',
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
  optional('flush.lsn.source', 'BOOLEAN', 'true', 'Older name of lsn.flush.mode: false means "manual".', {
    ...replication,
    importance: 'LOW',
  }),
  ignored('database.sslfactory', 'STRING', null, 'it names a Java class'),
  ignored('database.connection.factory.class', 'CLASS', null, 'it names a Java class'),
  optional(
    'internal.create.slot.command.timeout',
    'LONG',
    '90',
    'Seconds that creating the slot may wait for transactions that are open; then it is given up and tried again.',
    { ...replication, importance: 'LOW', min: 1, max: 2_000_000 },
  ),
  ignored('lsn.flush.timeout.ms', 'LONG', '30000', 'confirming a position does not block'),
  ignored('lsn.flush.timeout.action', 'STRING', 'fail', 'confirming a position does not block'),
  optional('xmin.fetch.interval.ms', 'LONG', '0', "How often the slot's catalog_xmin is read for source.xmin; 0: never, it is null.", {
    ...replication,
    importance: 'LOW',
    min: 0,
  }),
  // The runtime sees to it.
  optional(
    'internal.custom.retriable.exception',
    'STRING',
    null,
    'A regular expression: failures whose message, or that of a cause, is such a text are tried again, whatever they are.',
    {
      ...replication,
      importance: 'LOW',
      check: checkPattern,
    },
  ),
  ...driverKeys,
];
