import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkConnector } from '../../src/connect/connector-check.ts';
import { ConfigProviders } from '../../src/connect/config-provider.ts';
import type { RawConfig } from '../../src/connect/config-spec.ts';
import { Plugins } from '../../src/connect/plugins.ts';
import { sanitizedKeys } from '../../src/connect/sanitize-pattern.ts';
import { SecretScrubber } from '../../src/connect/secret-scrubber.ts';
import { postgresSourcePlugin } from '../../src/sources/postgres/plugin.ts';

const plugins = new Plugins({
  version: '1',
  sources: [postgresSourcePlugin],
  converters: [],
  headerConverters: [],
  transforms: [],
  predicates: [],
});

const config = {
  name: 'c',
  'connector.class': postgresSourcePlugin.className,
  'database.hostname': 'db.inner.example',
  'database.port': '99999',
  'database.user': 'reader',
  'database.password': 'correct horse',
  'database.dbname': '${env:DB}',
  'topic.prefix': 'shop',
};

function check(extra: RawConfig) {
  const scrubber = new SecretScrubber();
  const providers = new ConfigProviders({}, { DB: 'kept-to-ourselves' });
  const { infos } = checkConnector({ ...config, ...extra }, { plugins, providers, scrubber, exactlyOnce: false });
  return { scrubber, values: new Map(infos.configs.map(({ value }) => [value.name, value])) };
}

test('values of the keys that match are hidden in answers, complaints and every text, beside the passwords', () => {
  const { scrubber, values } = check({ 'custom.sanitize.pattern': 'HOSTNAME|port$|dbname' });
  assert.equal(values.get('database.hostname')?.value, '[hidden]');
  assert.equal(values.get('database.password')?.value, '[hidden]');
  assert.equal(values.get('database.user')?.value, 'reader');
  assert.equal(values.get('database.dbname')?.value, '${env:DB}', 'a reference is no secret');
  assert.equal(values.get('slot.name')?.value, 'debezium');
  assert.deepEqual(values.get('database.port')?.errors, [
    'Invalid value [hidden] for configuration database.port: Value must be no more than 65535',
  ]);
  assert.equal(
    scrubber.scrub('db.inner.example:99999/kept-to-ourselves as reader with correct horse'),
    '[hidden]:[hidden]/[hidden] as reader with [hidden]',
  );
});

test('without a pattern they are shown; a pattern that is none is an error that names the key', () => {
  assert.equal(check({}).values.get('database.hostname')?.value, 'db.inner.example');
  const [complaint = ''] = check({ 'custom.sanitize.pattern': '(open' }).values.get('custom.sanitize.pattern')?.errors ?? [];
  assert.match(complaint, /custom\.sanitize\.pattern: it is not a regular expression/);
});

test('what the connector is known by is never hidden; a leading (?i) is taken', () => {
  const sanitized = sanitizedKeys({ 'custom.sanitize.pattern': '(?i).*' });
  const keys = ['name', 'connector.class', 'custom.sanitize.pattern', 'Database.User'];
  assert.deepEqual(keys.map(sanitized), [false, false, false, true]);
});
