/** Properties that many or some set (P1 and P2 of the reference), and no config draws: why not. */
export const undrawnProperties: Readonly<Record<string, string>> = {
  converters: 'They are Java classes.',
  'database.sslcert': 'The server of the tests has no TLS; test/sources/postgres has one that asks for certificates.',
  'database.sslkey': 'As `database.sslcert`.',
  'database.sslpassword': 'As `database.sslcert`.',
  'database.sslrootcert': 'As `database.sslcert`.',
  name: 'Of the framework: it stands beside the properties.',
  'read.only': 'It leaves signals by topic: as `signal.consumer.*`.',
  'replica.identity.autoset.values':
    'Setting it waits for the snapshots of the other connectors, and those that begin then wait for it: it runs by name alone (`identities=set full`).',
  'signal.consumer.anything': 'Signals by topic are not drawn: Debezium hears them beside the stream, and may never come to an end.',
  'signal.kafka.bootstrap.servers': 'As `signal.consumer.*`.',
  'signal.kafka.groupId': 'As `signal.consumer.*`.',
  'signal.kafka.topic': 'As `signal.consumer.*`.',
  'snapshot.mode.configuration.based.snapshot.on.schema.error':
    'With it theirs asks for a history of schemas, which a connector for Postgres does not keep, and its task ends.',
};
