import assert from 'node:assert/strict';
import { chmodSync, chownSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { Client } from 'pg';

import { Postgres } from '../../src/embedded/postgres.ts';
import { findServerUser, reachableDirectory } from '../../src/embedded/server-user.ts';
import { makeCertificates, withoutOpenssl } from '../support/certificates.ts';
import { uniqueName } from '../support/unique-name.ts';
import { column, plainJson, postgresConfig, readTexts, WorkerStage } from '../support/worker-stage.ts';
import type { Settings } from '../support/worker-stage.ts';

const port = 27_532;

/** The server's data folder, wherever it lies, with what TLS needs in it: only the server's user may read the key. */
async function secure(directory: string): Promise<void> {
  const data = join(await reachableDirectory(directory, findServerUser()), 'data');
  const { uid, gid } = statSync(data);
  for (const [from, to] of [
    ['server.crt', 'server.crt'],
    ['server.key', 'server.key'],
    ['ca.pem', 'ca.pem'],
  ] as const) {
    writeFileSync(join(data, to), readFileSync(join(directory, from)));
    chownSync(join(data, to), uid, gid);
    chmodSync(join(data, to), 0o600);
  }
  const rules = [
    'hostssl all certified 127.0.0.1/32 cert',
    'hostssl all scram 127.0.0.1/32 scram-sha-256',
    'hostssl all cleartext 127.0.0.1/32 password',
    'host all postgres 127.0.0.1/32 scram-sha-256',
  ];
  assert.ok(existsSync(join(data, 'pg_hba.conf')));
  writeFileSync(join(data, 'pg_hba.conf'), `${rules.join('\n')}\n`);
}

async function run(server: Postgres, ...statements: string[]): Promise<void> {
  const client = new Client({ connectionString: server.url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

test(
  'TLS to Postgres: require, verify-ca and verify-full, client certificate, SCRAM and password',
  { skip: withoutOpenssl(), timeout: 400_000 },
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-tls-'));
    try {
      // The name in the certificate is not the address that is connected to.
      await makeCertificates(directory, {
        server: { commonName: 'postgres.example', altNames: 'DNS:postgres.example,DNS:localhost' },
        client: { commonName: 'certified' },
      });
      await (await Postgres.start({ directory, port })).stop();
      await secure(directory);
      await using server = await Postgres.start({
        directory,
        port,
        settings: { ssl: 'on', ssl_cert_file: 'server.crt', ssl_key_file: 'server.key', ssl_ca_file: 'ca.pem' },
      });
      await run(
        server,
        "CREATE ROLE scram LOGIN SUPERUSER PASSWORD 'over scram'; CREATE ROLE cleartext LOGIN SUPERUSER PASSWORD 'over tls alone'; CREATE ROLE certified LOGIN SUPERUSER",
        'CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1)',
      );
      await using stage = await WorkerStage.open(plainJson);
      const base = { port: Number(new URL(server.url).port), name: 'postgres' };
      const file = (name: string): string => join(directory, name);
      const config = (name: string, host: string, user: string, password: string, extra: Settings): Settings => ({
        ...postgresConfig({ ...base, host, user, password }, name),
        ...extra,
      });
      const ca = { 'database.sslrootcert': file('ca.pem') };
      const certificate = { 'database.sslcert': file('client.crt'), 'database.sslkey': file('client.key') };
      const accepted: [string, string, string, Settings][] = [
        ['127.0.0.1', 'scram', 'over scram', { 'database.sslmode': 'require' }],
        ['127.0.0.1', 'cleartext', 'over tls alone', { 'database.sslmode': 'require' }],
        ['127.0.0.1', 'scram', 'over scram', { 'database.sslmode': 'verify-ca', ...ca }],
        ['localhost', 'scram', 'over scram', { 'database.sslmode': 'verify-full', ...ca }],
        ['localhost', 'certified', '', { 'database.sslmode': 'verify-full', ...ca, ...certificate }],
      ];
      for (const [host, user, password, extra] of accepted) {
        const name = uniqueName('tls');
        await stage.create(name, config(name, host, user, password, extra));
        assert.deepEqual(column(await readTexts(`${name}.public.orders`, 1), 'id'), [1], JSON.stringify(extra));
        await stage.remove(name);
      }
      const refused: [string, string, string, Settings, RegExp][] = [
        [
          '127.0.0.1',
          'scram',
          'over scram',
          { 'database.sslmode': 'verify-ca', 'database.sslrootcert': file('other-ca.pem') },
          /TLS failed.*Remedy: .*database\.sslrootcert/s,
        ],
        ['127.0.0.1', 'scram', 'over scram', { 'database.sslmode': 'verify-full', ...ca }, /TLS failed.*Remedy: .*verify-ca/s],
        ['127.0.0.1', 'scram', 'over scram', { 'database.sslmode': 'disable' }, /SQLSTATE 28000.*Remedy: .*database\.sslmode/s],
        ['localhost', 'certified', 'x', { 'database.sslmode': 'require' }, /SQLSTATE 28000.*Remedy: /s],
        ['localhost', 'scram', 'not-the-password', { 'database.sslmode': 'require' }, /SQLSTATE 28P01.*Remedy: Correct "database\.user"/s],
      ];
      for (const [host, user, password, extra, says] of refused) {
        const name = uniqueName('tls');
        await stage.create(name, config(name, host, user, password, extra));
        const trace = await stage.failed(name);
        assert.match(trace, says);
        assert.doesNotMatch(trace, /not-the-password|over scram/);
        await stage.remove(name);
      }
      await stage.othersGoOn();
    } finally {
      await Postgres.wipe(directory);
      await rm(directory, { recursive: true, force: true });
    }
  },
);
