import { tmpdir } from 'node:os';

import { ConnectError } from '../../base/errors.ts';
import { parseTags } from '../../base/metric-tags.ts';
import type { Labels } from '../../base/metrics.ts';
import type { Secret } from '../../base/secret.ts';
import type { Config } from '../../connect/config.ts';
import { columnMappers, type ColumnMapper } from './column-mapper.ts';
import { driverSettings, sslFile, sslMode, sslPassword, tcpKeepAlive, type DriverSettings } from './driver-settings.ts';
import type { NameAdjustment } from '../../record/name-adjustment.ts';
import { anchored, compileNameList, type NameList } from './name-list.ts';
import { notificationSettings, signalSettings, type NotificationSettings, type SignalSettings } from './adhoc/signal-settings.ts';
import type { RefusedPolicy } from './refused-shape.ts';
import { reselectSettings, type ReselectSettings } from './reselect/reselect-settings.ts';
import type { SlotDangerSettings } from './slot-danger.ts';
import { millraceClassName } from './class-names.ts';
import { validateSettings } from './settings-rules.ts';
import { typeSettings, type TypeSettings } from './type-settings.ts';
import { splitAt, splitKeyColumns, splitPatterns, splitStatements } from './settings-syntax.ts';
import { topicNaming, type TopicNaming } from './topic-naming.ts';
import type { SpillSettings } from './streaming/transaction-spill.ts';

/** One connection reads while rows of the other are encoded. */
const threadsByDefault = 2;

export type { TypeSettings };
export type SnapshotIsolation = 'serializable' | 'repeatable_read' | 'read_committed' | 'read_uncommitted';
export type PublicationMode = 'all_tables' | 'disabled' | 'filtered' | 'no_tables';
export type OffsetMismatchStrategy = 'no_validation' | 'trust_offset' | 'trust_slot' | 'trust_greater_lsn';
export type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** What the user configured, parsed once; nothing behind this asks `Config` again. */
export interface PostgresSettings {
  /** Under Debezium's class name its oddities that consumers may rely on are kept; under ours they are not. */
  readonly dialect: 'debezium' | 'millrace';
  /** The connector's name, for the context headers. */
  readonly connector: string;
  readonly topicPrefix: string;
  /** Further labels of the metrics. */
  readonly metricTags: Labels;
  readonly connection: ConnectionSettings;
  readonly slot: SlotSettings;
  readonly publication: PublicationSettings;
  readonly stream: StreamSettings;
  readonly tables: TableSettings;
  readonly types: TypeSettings;
  readonly records: RecordSettings;
  readonly snapshot: SnapshotSettings;
  readonly signals: SignalSettings;
  readonly notifications: NotificationSettings;
  /** Null: no columns are read again. */
  readonly reselect: ReselectSettings | null;
}

export interface ConnectionSettings {
  readonly hostname: string;
  readonly port: number;
  readonly user: string;
  readonly password: Secret | null;
  readonly database: string;
  readonly sslMode: SslMode;
  /** Paths of PEM files. */
  readonly sslCert: string | null;
  readonly sslKey: string | null;
  readonly sslPassword: Secret | null;
  readonly sslRootCert: string | null;
  readonly tcpKeepAlive: boolean;
  /** Run on every SQL connection, not on the replication connection. */
  readonly initialStatements: readonly string[];
  /** 0: none. */
  readonly queryTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly driver: DriverSettings;
}

export interface SlotSettings {
  readonly name: string;
  readonly dropOnStop: boolean;
  readonly dropOnDelete: boolean;
  /** How long the server may wait for open transactions when it creates the slot. */
  readonly createTimeoutS: number;
  readonly failover: boolean;
  /** Passed on to START_REPLICATION. */
  readonly streamParams: readonly (readonly [name: string, value: string])[];
  readonly retriesMax: number;
  readonly retryDelayMs: number;
  /** Warned of a slot that will be lost within this time at the present rate. */
  readonly warningMs: number;
  /** When others have to wait for it. */
  readonly danger: SlotDangerSettings;
  /** They do. */
  readonly pauseOthers: boolean;
  /** What a start does about a slot that is lost. */
  readonly lostPolicy: 'fail' | 'snapshot';
}

export interface PublicationSettings {
  readonly name: string;
  readonly autocreateMode: PublicationMode;
  readonly viaPartitionRoot: boolean;
  /** A publication that is made here brings stored generated columns, from Postgres 18 on. */
  readonly generatedColumns: boolean;
  /** `schema.table` regex → DEFAULT, FULL, NOTHING or INDEX name. */
  readonly replicaIdentities: readonly (readonly [tables: RegExp, identity: string])[];
}

export interface StreamSettings {
  /** Where transactions in progress are kept; null: the server keeps them. */
  readonly spill: SpillSettings | null;
  readonly offsetMismatchStrategy: OffsetMismatchStrategy;
  readonly checkLogPosition: boolean;
  readonly statusIntervalMs: number;
  /** `manual`: the slot is never confirmed from here. */
  readonly lsnFlushMode: 'connector' | 'manual' | 'connector_and_driver';
  /** 0: no heartbeats. */
  readonly heartbeatIntervalMs: number;
  readonly heartbeatActionQuery: string | null;
  /** How often the slot's xmin is read; 0: never. */
  readonly xminIntervalMs: number;
  readonly skippedOperations: ReadonlySet<'c' | 'u' | 'd' | 't'>;
  /** Given by the user rather than by default: then the publication is narrowed, too. */
  readonly skippedOperationsExplicit: boolean;
  /** Updates that change no captured column, as far as the old row is known. */
  readonly skipUnchanged: boolean;
}

export interface TableSettings {
  readonly schemas: NameList;
  /** Over `schema.table`. */
  readonly tables: NameList;
  /** Over `schema.table.column`. */
  readonly columns: NameList;
  /** Custom keys: the first whose `tables` matches `schema.table` decides. */
  readonly keys: readonly { readonly tables: RegExp; readonly columns: readonly string[] }[];
  readonly ignoreBuiltin: boolean;
  /** How many tables may be captured; 0: any number. */
  readonly most: number;
  /** More of them are an error rather than a warning. */
  readonly failsBeyond: boolean;
  /** Masked, hashed and truncated columns: the first that names a column counts. */
  readonly mappers: readonly ColumnMapper[];
  /** Columns whose schema tells their source type: over `schema.table.column`. */
  readonly sourceTypesOf: readonly RegExp[];
  /** The same by type: over `schema.table.type`, with and without the database in front. */
  readonly sourceTypes: readonly RegExp[];
  readonly refusedPolicy: RefusedPolicy;
}

export interface RecordSettings {
  readonly tombstonesOnDelete: boolean;
  readonly topics: TopicNaming;
  readonly schemaNames: NameAdjustment;
  readonly fieldNames: NameAdjustment;
  readonly contextHeaders: boolean;
  /** The header that lists fields with a placeholder for an unchanged value; null: none. */
  readonly unavailableHeader: string | null;
  /** The field of a renamed column has its former names as aliases. */
  readonly renameAliases: boolean;
  /** Records of the begin and end of transactions, and numbers of the changes in between. */
  readonly transactions: boolean;
  /** Over the prefixes of logical decoding messages. */
  readonly messagePrefixes: NameList;
}

export interface SnapshotSettings {
  /** When existing rows are read: while no snapshot is complete, at every start, or not at all. */
  readonly data: 'once' | 'always' | 'never';
  /** Read them again when the stored position can no longer be served. */
  readonly whenUnserved: boolean;
  readonly thenStream: boolean;
  /** What becomes of rows in tables that come to be captured later. */
  readonly newTables: 'stream_only' | 'backfill';
  readonly newTablesIntervalMs: number;
  /** Larger ones are read in chunks while the stream goes on. */
  readonly newTablesWholeBytesMax: number;
  /** Between the snapshot and the stream. */
  readonly streamingDelayMs: number;
  /** Over `schema.table`; which of the captured tables are read. */
  readonly tables: NameList;
  /** `schema.table` → SELECT. */
  readonly selectOverrides: ReadonlyMap<string, string>;
  readonly delayMs: number;
  readonly isolation: SnapshotIsolation;
  readonly lockTables: boolean;
  readonly lockTimeoutMs: number;
  /** Connections that read at the same time. */
  readonly threadsMax: number;
  /** Into how many slices per connection the table `schema.table` is cut, when it is large. */
  readonly slicesPerThread: (table: string) => number;
  /** A table, or a slice of one, is worth a connection of its own from here on. */
  readonly sliceBytes: number;
  /** False: a table is read by one connection. */
  readonly splitTables: boolean;
  readonly orderByRows: 'disabled' | 'ascending' | 'descending';
}

/** `connector` is the connector's name. Throws `config.invalid` for what `validateSettings` complains about. */
export function parseSettings(connector: string, config: Config): PostgresSettings {
  const issue = validateSettings(config)[0];
  if (issue !== undefined) throw new ConnectError('config.invalid', issue.message, { remedy: `Change "${issue.key}".` });
  const dialect = config.optional('connector.class') === millraceClassName ? 'millrace' : 'debezium';
  return {
    dialect,
    connector,
    topicPrefix: config.string('topic.prefix'),
    metricTags: parseTags(config.optional('custom.metric.tags') ?? ''),
    connection: connectionSettings(config),
    slot: slotSettings(config),
    publication: publicationSettings(config, dialect),
    stream: streamSettings(config),
    tables: {
      schemas: nameList(config, 'schema.include.list', 'schema.exclude.list'),
      tables: nameList(config, 'table.include.list', 'table.exclude.list'),
      columns: nameList(config, 'column.include.list', 'column.exclude.list'),
      keys: splitKeyColumns(config.optional('message.key.columns')).map((key) => ({ ...key, tables: anchored(key.tables) })),
      ignoreBuiltin: config.boolean('table.ignore.builtin'),
      most: config.int('guardrail.collections.max'),
      failsBeyond: config.choice('guardrail.collections.limit.action') === 'fail',
      mappers: columnMappers(config),
      refusedPolicy: config.choice('schema.change.refused.policy') as RefusedPolicy,
      sourceTypesOf: splitPatterns(config.optional('column.propagate.source.type')).map(anchored),
      sourceTypes: splitPatterns(config.optional('datatype.propagate.source.type')).map(anchored),
    },
    types: typeSettings(config, dialect),
    records: {
      tombstonesOnDelete: config.boolean('tombstones.on.delete'),
      topics: topicNaming(config),
      schemaNames: config.choice('schema.name.adjustment.mode') as NameAdjustment,
      fieldNames: config.choice('field.name.adjustment.mode') as NameAdjustment,
      contextHeaders: config.has('extended.headers.enabled') ? config.boolean('extended.headers.enabled') : dialect === 'debezium',
      unavailableHeader: config.optional('unavailable.fields.header') ?? (dialect === 'debezium' ? null : '__millrace.unavailable'),
      renameAliases: config.has('column.rename.aliases') ? config.boolean('column.rename.aliases') : dialect === 'millrace',
      transactions: config.boolean('provide.transaction.metadata'),
      messagePrefixes: nameList(config, 'message.prefix.include.list', 'message.prefix.exclude.list'),
    },
    snapshot: snapshotSettings(config, dialect),
    signals: signalSettings(config),
    notifications: notificationSettings(config),
    reselect: reselectSettings(config),
  };
}

/** Of keys named as the connector's: `database.hostname` and so on. */
export function connectionSettings(config: Config): ConnectionSettings {
  const driver = driverSettings(config);
  const validationMs = config.int('connection.validation.timeout.ms');
  return {
    hostname: config.string('database.hostname'),
    port: config.int('database.port'),
    user: config.string('database.user'),
    password: config.secret('database.password'),
    database: config.string('database.dbname'),
    sslMode: sslMode(config),
    sslCert: sslFile(config, 'sslcert'),
    sslKey: sslFile(config, 'sslkey'),
    sslPassword: sslPassword(config),
    sslRootCert: sslFile(config, 'sslrootcert'),
    tcpKeepAlive: tcpKeepAlive(config),
    initialStatements: splitStatements(config.optional('database.initial.statements')),
    queryTimeoutMs: config.int('database.query.timeout.ms'),
    connectTimeoutMs: driver.connectTimeoutMs ?? validationMs,
    driver,
  };
}

function slotSettings(config: Config): SlotSettings {
  return {
    name: config.string('slot.name'),
    dropOnStop: config.boolean('slot.drop.on.stop'),
    dropOnDelete: config.boolean('slot.drop.on.delete'),
    failover: config.boolean('slot.failover'),
    createTimeoutS: config.int('internal.create.slot.command.timeout'),
    streamParams: (config.optional('slot.stream.params') ?? '')
      .split(';')
      .filter((param) => param.trim() !== '')
      .map((param) => splitAt(param, '=')),
    retriesMax: config.int('slot.max.retries'),
    retryDelayMs: config.int('slot.retry.delay.ms'),
    warningMs: config.int('slot.lost.warning.ms'),
    danger: { limitMs: config.int('slot.danger.ms'), holdMsMax: config.int('slot.danger.hold.max.ms') },
    pauseOthers: config.choice('slot.danger.policy') === 'pause_others',
    lostPolicy: config.choice('slot.lost.policy') as SlotSettings['lostPolicy'],
  };
}

function publicationSettings(config: Config, dialect: PostgresSettings['dialect']): PublicationSettings {
  return {
    name: config.string('publication.name'),
    autocreateMode: config.choice('publication.autocreate.mode') as PublicationMode,
    viaPartitionRoot: config.boolean('publish.via.partition.root'),
    generatedColumns: config.has('publish.generated.columns') ? config.boolean('publish.generated.columns') : dialect === 'millrace',
    replicaIdentities: splitPatterns(config.optional('replica.identity.autoset.values')).map((item) => {
      const [tables, identity] = splitAt(item, ':', 'end');
      return [anchored(tables), identity] as const;
    }),
  };
}

function streamSettings(config: Config): StreamSettings {
  const skipped = config.list('skipped.operations').map((item) => item.toLowerCase());
  return {
    spill:
      config.choice('streaming.transactions') === 'off'
        ? null
        : {
            directory: config.optional('streaming.transactions.directory') ?? tmpdir(),
            bytesMax: config.int('streaming.transactions.max.bytes'),
          },
    offsetMismatchStrategy: config.choice('offset.mismatch.strategy') as OffsetMismatchStrategy,
    checkLogPosition: config.boolean('internal.log.position.check.enable'),
    statusIntervalMs: config.int('status.update.interval.ms'),
    lsnFlushMode: config.boolean('flush.lsn.source') ? (config.choice('lsn.flush.mode') as StreamSettings['lsnFlushMode']) : 'manual',
    heartbeatIntervalMs: config.int('heartbeat.interval.ms'),
    heartbeatActionQuery: config.optional('heartbeat.action.query'),
    // What a timer can wait for.
    xminIntervalMs: Math.min(config.int('xmin.fetch.interval.ms'), 0x7fff_ffff),
    skippedOperations: new Set(skipped.filter((item): item is 'c' | 'u' | 'd' | 't' => /^[cudt]$/.test(item))),
    skippedOperationsExplicit: skipped.join() !== 't',
    skipUnchanged: config.boolean('skip.messages.without.change'),
  };
}

function snapshotSettings(config: Config, dialect: PostgresSettings['dialect']): SnapshotSettings {
  const prefix = 'snapshot.select.statement.overrides.';
  const overrides = new Map<string, string>();
  for (const table of config.list('snapshot.select.statement.overrides')) {
    const statement = config.optional(`${prefix}${table}`);
    if (statement !== null) overrides.set(table, statement);
  }
  const mode = snapshotMode(config);
  // Whoever does not want the rows there are does not want those of new tables either.
  const newTables = dialect === 'millrace' && mode.data !== 'never' ? 'backfill' : 'stream_only';
  return {
    ...mode,
    newTables: config.has('snapshot.new.tables') ? (config.choice('snapshot.new.tables') as SnapshotSettings['newTables']) : newTables,
    newTablesWholeBytesMax: config.int('snapshot.new.tables.whole.bytes.max'),
    newTablesIntervalMs: config.int('snapshot.new.tables.interval.ms'),
    streamingDelayMs: config.int('streaming.delay.ms'),
    tables: compileNameList(splitPatterns(config.optional('snapshot.include.collection.list')), []),
    selectOverrides: overrides,
    delayMs: config.int('snapshot.delay.ms'),
    isolation: config.choice('snapshot.isolation.mode') as SnapshotIsolation,
    lockTables: config.choice('snapshot.locking.mode') === 'shared',
    lockTimeoutMs: config.int('snapshot.lock.timeout.ms'),
    threadsMax: config.has('snapshot.max.threads') ? config.int('snapshot.max.threads') : dialect === 'millrace' ? threadsByDefault : 1,
    slicesPerThread: (table) => {
      const own = `snapshot.max.threads.multiplier.${table}`;
      return config.has(own) ? config.int(own) : config.int('snapshot.max.threads.multiplier');
    },
    sliceBytes: config.int('snapshot.slice.bytes'),
    splitTables: !['', 'internal.'].some((older) => config.boolean(`${older}legacy.snapshot.max.threads`)),
    orderByRows: config.choice('snapshot.tables.order.by.row.count') as SnapshotSettings['orderByRows'],
  };
}

function snapshotMode(config: Config): Pick<SnapshotSettings, 'data' | 'whenUnserved' | 'thenStream'> {
  const once = { data: 'once', whenUnserved: false, thenStream: true } as const;
  switch (config.choice('snapshot.mode')) {
    case 'always':
      return { ...once, data: 'always' };
    case 'initial_only':
      return { ...once, thenStream: false };
    case 'no_data':
    case 'schema_only':
    case 'never':
      return { ...once, data: 'never' };
    case 'when_needed':
      return { ...once, whenUnserved: true };
    case 'configuration_based': {
      const prefix = 'snapshot.mode.configuration.based';
      return {
        data: config.boolean(`${prefix}.snapshot.data`) ? 'always' : 'never',
        whenUnserved: config.boolean(`${prefix}.snapshot.on.data.error`),
        thenStream: config.boolean(`${prefix}.start.stream`),
      };
    }
    default:
      return once;
  }
}

function nameList(config: Config, include: string, exclude: string): NameList {
  return compileNameList(splitPatterns(config.optional(include)), splitPatterns(config.optional(exclude)));
}
