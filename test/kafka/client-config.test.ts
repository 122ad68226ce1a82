import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { ConnectError } from '../../src/base/errors.ts';
import { Config } from '../../src/connect/config.ts';
import { ClientConfig } from '../../src/kafka/client-config.ts';

const servers = { 'bootstrap.servers': 'a:9092' };

function config(values: Record<string, string>): ClientConfig {
  return new ClientConfig(Config.of({ ...servers, ...values }));
}

test('bootstrap servers: lists, listener prefixes, IPv6', () => {
  const client = config({ 'bootstrap.servers': 'a:9092, PLAINTEXT://b.example:29092 ,[::1]:1,' });
  assert.deepEqual(client.servers, [
    { host: 'a', port: 9092 },
    { host: 'b.example', port: 29092 },
    { host: '::1', port: 1 },
  ]);
  assert.equal(client.serverNames, 'a:9092,b.example:29092,[::1]:1');
});

test('each malformed setting is named with a remedy', () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ 'bootstrap.servers': '' }, /bootstrap\.servers/],
    [{ 'bootstrap.servers': 'localhost' }, /bootstrap\.servers: localhost/],
    [{ 'bootstrap.servers': 'localhost:99999' }, /bootstrap\.servers: localhost:99999/],
    [{ 'security.protocol': 'TLS' }, /security\.protocol/],
    [{ 'request.timeout.ms': 'soon' }, /request\.timeout\.ms/],
    [{ 'security.protocol': 'SASL_SSL' }, /sasl\.mechanism GSSAPI/],
    [{ 'security.protocol': 'SASL_PLAINTEXT', 'sasl.mechanism': 'PLAIN' }, /user name and a password/],
    [{ 'security.protocol': 'SSL', 'ssl.truststore.location': '/x/trust.jks' }, /ssl\.truststore\.location is a JKS store/],
    [
      { 'security.protocol': 'SSL', 'ssl.keystore.location': '/x/key.pem', 'ssl.keystore.type': 'pkcs12' },
      /ssl\.keystore\.location is a PKCS12 store/,
    ],
  ];
  for (const [values, message] of cases) {
    assert.throws(
      () => config(values),
      (error) => error instanceof ConnectError && error.code === 'config.invalid' && message.test(error.message) && error.remedy !== null,
      String(message),
    );
  }
});

test('user name and password out of sasl.jaas.config, with escapes', () => {
  const module = 'org.apache.kafka.common.security.scram.ScramLoginModule required';
  const jaas: [string, string, string][] = [
    [`${module} username="alice" password="s3 \\"cret\\\\";`, 'alice', 's3 "cret\\'],
    [`${module}\n  username='bob'\n  password=plain;`, 'bob', 'plain'],
    [`${module} password="username=\\"no\\"" username="eve";`, 'eve', 'username="no"'],
  ];
  for (const [text, username, password] of jaas) {
    const client = config({ 'security.protocol': 'SASL_PLAINTEXT', 'sasl.mechanism': 'SCRAM-SHA-512', 'sasl.jaas.config': text });
    const { sasl, tls } = client.connection('a');
    assert.deepEqual([sasl?.mechanism, sasl?.username, sasl?.password.reveal()], ['SCRAM-SHA-512', username, password]);
    assert.equal(tls, null);
  }
});

test('a password shows neither in errors nor when the object is printed', () => {
  const client = config({ 'security.protocol': 'SASL_SSL', 'sasl.mechanism': 'PLAIN', 'sasl.username': 'u', 'sasl.password': 'hunter2' });
  assert.ok(!inspect(client, { depth: 9, showHidden: true }).includes('hunter2'));
  assert.ok(!JSON.stringify(client).includes('hunter2'));
});

test('PEM trust and key stores become TLS options; a host name is sent as server name, an address is not', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'client-config-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const [trust, key] = [join(directory, 'trust.pem'), join(directory, 'key.pem')];
  writeFileSync(trust, 'CA');
  writeFileSync(key, 'KEY AND CHAIN');
  const client = config({
    'security.protocol': 'SSL',
    'ssl.truststore.location': trust,
    'ssl.truststore.type': 'PEM',
    'ssl.keystore.location': key,
    'ssl.keystore.type': 'PEM',
    'ssl.key.password': 'secret',
  });
  const stores = { ca: 'CA', key: 'KEY AND CHAIN', cert: 'KEY AND CHAIN', passphrase: 'secret' };
  assert.deepEqual(client.connection('broker.example').tls, { ...stores, servername: 'broker.example' });
  assert.deepEqual(client.connection('127.0.0.1').tls, stores);
  assert.throws(
    () => config({ 'security.protocol': 'SSL', 'ssl.ca.location': join(directory, 'none.pem') }),
    (error) => error instanceof ConnectError && error.code === 'file.unreadable' && error.message.includes('none.pem'),
  );
});

test('host name verification is on unless it is switched off by an empty algorithm', () => {
  const verified = config({ 'security.protocol': 'SSL' }).connection('a').tls;
  assert.equal(verified?.checkServerIdentity, undefined);
  assert.notEqual(verified?.rejectUnauthorized, false);
  const unverified = config({ 'security.protocol': 'SSL', 'ssl.endpoint.identification.algorithm': '' }).connection('a').tls;
  assert.equal(typeof unverified?.checkServerIdentity, 'function');
});
