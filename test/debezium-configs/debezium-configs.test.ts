import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { plugins } from '../../src/compose.ts';
import { ConfigProviders } from '../../src/connect/config-provider.ts';
import { checkConnector, type CheckedConnector } from '../../src/connect/connector-check.ts';
import { SecretScrubber } from '../../src/connect/secret-scrubber.ts';
import { createTransforms } from '../../src/connect/transforms/catalog.ts';
import { signalSettings } from '../../src/sources/postgres/adhoc/signal-settings.ts';
import { propertyFamily } from '../support/property-family.ts';
import { fieldConfigs, type FieldConfig } from './config-fixtures.ts';

const env = { REGISTRY_USER: 'user:word', SALT: 'pepper', DB_HOST: 'db', DB_USER: 'cdc' };

function check(config: FieldConfig): CheckedConnector {
  // Files are not there when a config is looked at elsewhere: whatever they hold is a text.
  const raw = Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, String(value).replaceAll(/\$\{file:[^}]*\}/g, 'word')]),
  );
  const providers = new ConfigProviders({}, env);
  return checkConnector({ name: 'orders', ...raw }, { plugins, providers, scrubber: new SecretScrubber(), exactlyOnce: true });
}

for (const [name, config] of Object.entries(fieldConfigs)) {
  test(`a config for Debezium's connector is taken unchanged: ${name}`, () => {
    const checked = check(config);
    assert.deepEqual(
      checked.infos.configs.flatMap(({ value }) => value.errors.map((error) => `${value.name}: ${error}`)),
      [],
    );
    createTransforms(checked.config);
  });
}

test('what is taken and done in another way is told by name', () => {
  const { warnings } = check({
    ...fieldConfigs['smallest'],
    'plugin.name': 'decoderbufs',
    'signal.enabled.channels': 'source,jmx',
    'notification.enabled.channels': 'jmx',
  });
  const begins = [
    "Configuration 'plugin.name': ",
    "Configuration 'signal.enabled.channels': ",
    "Configuration 'notification.enabled.channels': ",
  ];
  assert.deepEqual(
    warnings.map((text) => begins.findIndex((begin) => text.startsWith(begin))),
    [0, 1, 2],
  );
  assert.deepEqual(check(fieldConfigs['smallest'] ?? {}).warnings, []);
});

test('a name that older versions had is told with the one that there is now', () => {
  const former = {
    'table.whitelist': 'table.include.list',
    'schema.blacklist': 'schema.exclude.list',
    'column.whitelist': 'column.include.list',
    'toasted.value.placeholder': 'unavailable.value.placeholder',
    'transaction.topic': 'topic.transaction',
    'transforms.flat.drop.tombstones': 'transforms.flat.delete.tombstone.handling.mode',
    'transforms.flat.delete.handling.mode': 'transforms.flat.delete.tombstone.handling.mode',
    'transforms.flat.operation.header': 'transforms.flat.add.headers',
  };
  const config = {
    ...fieldConfigs['smallest'],
    ...Object.fromEntries(Object.keys(former).map((name) => [name, 'x'])),
    transforms: 'flat',
    'transforms.flat.type': 'io.debezium.transforms.ExtractNewRecordState',
  };
  assert.deepEqual(
    check(config).warnings,
    Object.entries(former).map(([name, now]) => `Unknown configuration '${name}' has no effect. Its name is '${now}' now.`),
  );
  const { 'topic.prefix': prefix = '', ...before } = fieldConfigs['smallest'] ?? {};
  const { infos, warnings } = check({ ...before, 'database.server.name': prefix });
  assert.deepEqual(
    infos.configs.flatMap(({ value }) => value.errors),
    [
      'Missing required configuration "topic.prefix" which has no default value. It was called "database.server.name" before: rename that key.',
    ],
  );
  assert.deepEqual(warnings, ["Unknown configuration 'database.server.name' has no effect. Its name is 'topic.prefix' now."]);
});

test('a signal table without its schema is taken, hears nothing, and is told', () => {
  const { infos, config, warnings } = check({ ...fieldConfigs['smallest'], 'signal.data.collection': 'signals' });
  assert.equal(infos.error_count, 0);
  assert.equal(signalSettings(config).dataCollection, null);
  assert.match(warnings.join(), /^Configuration 'signal\.data\.collection': "signals" names no schema/);
  assert.deepEqual(check({ ...fieldConfigs['smallest'], 'signal.data.collection': 'shop.signals' }).warnings, []);
});

interface Property {
  readonly name: string;
  readonly priority: 'P1' | 'P2' | 'P3';
}

const reference = join(import.meta.dirname, '..', 'sources', 'postgres', 'debezium-properties.json');

/** Of the framework, of converters and clients: what users take for part of the connector. */
const around = [
  'key.converter',
  'key.converter.schema.registry.url',
  'key.converter.auto.register.schemas',
  'value.converter',
  'value.converter.schema.registry.url',
  'value.converter.auto.register.schemas',
  'value.converter.use.latest.version',
  'value.converter.value.subject.name.strategy',
  'value.converter.basic.auth.credentials.source',
  'value.converter.basic.auth.user.info',
  'value.converter.connect.meta.data',
  'value.converter.enhanced.avro.schema.support',
  'value.converter.scrub.invalid.names',
  'header.converter',
  'transforms',
  'predicates',
  'producer.override.compression.type',
  'producer.override.linger.ms',
  'producer.override.batch.size',
  'producer.override.max.request.size',
  'producer.override.acks',
  'topic.creation.enable',
  'topic.creation.default.replication.factor',
  'topic.creation.default.partitions',
  'topic.creation.groups',
  'exactly.once.support',
  'transaction.boundary',
  'transaction.boundary.interval.ms',
  'offsets.storage.topic',
  'errors.tolerance',
  'errors.log.enable',
  'errors.log.include.messages',
  'errors.retry.timeout',
];

/** In none of them: the name stands beside the config, and custom converters are JVM plug-ins. */
const nowhere = ['name', 'converters'];

test('every property that most or many users set stands in one of them', () => {
  const properties = JSON.parse(readFileSync(reference, 'utf8')) as readonly Property[];
  const used = new Set(Object.values(fieldConfigs).flatMap((config) => Object.keys(config).map(propertyFamily)));
  const wanted = [...properties.filter(({ priority }) => priority !== 'P3').map(({ name }) => name), ...around];
  assert.deepEqual(
    wanted.filter((name) => !used.has(propertyFamily(name))),
    nowhere,
  );
});
