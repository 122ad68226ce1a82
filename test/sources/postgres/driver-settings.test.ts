import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ConfigKey } from '../../../src/connect/plugin.ts';
import { connectionKeys } from '../../../src/sources/postgres/connection-keys.ts';
import { SessionFactory } from '../../../src/sources/postgres/session.ts';
import { validateSettings } from '../../../src/sources/postgres/settings-rules.ts';
import { testConfig, testSettings } from './test-settings.ts';

function clientConfig(extra: Readonly<Record<string, string>>) {
  return new SessionFactory(testSettings(extra).connection, 'millrace test').clientConfig(false);
}

function find(name: string): ConfigKey | undefined {
  return connectionKeys.find((key) => (key.pattern === undefined ? key.name === name : key.pattern.test(name)));
}

test('timeouts, keepalive, name and options of the driver reach the connection', () => {
  const plain = clientConfig({});
  assert.deepEqual(
    [plain.connectionTimeoutMillis, plain.query_timeout, plain.keepAlive, plain.application_name],
    [60_000, 610_000, true, 'millrace test'],
  );
  const given = clientConfig({
    'driver.connectTimeout': '20',
    'driver.loginTimeout': '7',
    'driver.socketTimeout': '30',
    'driver.tcpKeepAlive': 'false',
    'driver.ApplicationName': 'cdc',
    'driver.options': '-c search_path=app -c DateStyle=German',
  });
  assert.deepEqual(
    [given.connectionTimeoutMillis, given.query_timeout, given.keepAlive, given.application_name],
    [7000, 30_000, false, 'cdc'],
  );
  assert.equal(given.options, `-c search_path=app -c DateStyle=German ${plain.options}`, 'what is pinned comes last and wins');
  assert.equal(clientConfig({ 'driver.connectTimeout': '0' }).connectionTimeoutMillis, 60_000);
});

test('TLS by the driver counts where the database keys do not speak', () => {
  const ofDriver = { 'driver.sslmode': 'verify-full', 'driver.sslrootcert': 'a', 'driver.sslcert': 'b', 'driver.sslkey': 'c' };
  const { connection } = testSettings({ ...ofDriver, 'driver.sslpassword': 'pw' });
  assert.deepEqual(
    [connection.sslMode, connection.sslRootCert, connection.sslCert, connection.sslKey, connection.sslPassword?.reveal()],
    ['verify-full', 'a', 'b', 'c', 'pw'],
  );
  const both = testSettings({ ...ofDriver, 'database.sslmode': 'require', 'database.sslrootcert': 'z' }).connection;
  assert.deepEqual([both.sslMode, both.sslRootCert], ['require', 'z']);
  assert.equal(validateSettings(testConfig({ 'driver.sslcert': 'b' }))[0]?.key, 'database.sslcert');
});

test('options of another form are refused; options without meaning are warned of', () => {
  assert.equal(find('driver.options')?.check?.('-c a=b --c.d=e\\ f '), null);
  assert.match(find('driver.options')?.check?.('a=b') ?? '', /must be of the form/);
  assert.match(find('driver.prepareThreshold')?.ignored ?? '', /no meaning/);
  assert.equal(find('driver.socketTimeout')?.ignored, undefined);
});
