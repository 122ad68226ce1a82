import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ConfigProviders } from '../../src/connect/config-provider.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-secrets-'));
after(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'in'));
writeFileSync(join(folder, 'in', 'db.properties'), 'user=alice\npassword=pa\\:ss=w\n');
writeFileSync(join(folder, 'in', 'token'), 'line one\n');
writeFileSync(join(folder, 'out.properties'), 'password=outside\n');
symlinkSync(join(folder, 'out.properties'), join(folder, 'in', 'link.properties'));
const inside = join(folder, 'in');

const env = { PG_PASSWORD: 'from-env', OTHER: 'x' };

function resolve(value: string, worker: Record<string, string> = {}): string | null {
  return new ConfigProviders(worker, env).resolve({ k: value })['k'] ?? null;
}

test('env, file and directory are there from the start', () => {
  assert.equal(resolve('${env:PG_PASSWORD}'), 'from-env');
  assert.equal(resolve(`\${file:${inside}/db.properties:password}`), 'pa:ss=w');
  assert.equal(resolve(`\${directory:${inside}:token}`), 'line one');
  assert.equal(resolve(`x-\${env:OTHER}-\${file:${inside}/db.properties:user}-y`), 'x-x-alice-y');
  assert.equal(resolve('plain $ {text} ${topic}-${timestamp}'), 'plain $ {text} ${topic}-${timestamp}');
  assert.equal(resolve('${other:a:b}'), '${other:a:b}', 'a provider nobody knows is left as it is, as in Kafka Connect');
});

test('declared providers answer to their names', () => {
  const worker = {
    'config.providers': 'secrets, vars',
    'config.providers.secrets.class': 'org.apache.kafka.common.config.provider.FileConfigProvider',
    'config.providers.vars.class': 'EnvVarConfigProvider',
    'config.providers.vars.param.allowlist.pattern': 'PG_.*',
  };
  assert.equal(resolve(`\${secrets:${inside}/db.properties:user}`, worker), 'alice');
  assert.equal(resolve('${vars:PG_PASSWORD}', worker), 'from-env');
  assert.throws(
    () => resolve('${vars:OTHER}', worker),
    /"k" refers to \$\{vars:OTHER\}, but .*allowlist\.pattern does not allow the variable OTHER/,
  );
  assert.throws(
    () => resolve('a', { 'config.providers': 'v', 'config.providers.v.class': 'com.acme.Vault' }),
    /Class com\.acme\.Vault could not be found/,
  );
  assert.throws(() => resolve('a', { 'config.providers': 'v' }), /config\.providers\.v\.class/);
});

test('allowed.paths holds against dots and links', () => {
  const worker = {
    'config.providers': 'file,directory',
    'config.providers.file.class': 'FileConfigProvider',
    'config.providers.file.param.allowed.paths': inside,
    'config.providers.directory.class': 'DirectoryConfigProvider',
    'config.providers.directory.param.allowed.paths': inside,
  };
  assert.equal(resolve(`\${file:${inside}/db.properties:user}`, worker), 'alice');
  assert.throws(() => resolve(`\${file:${inside}/../out.properties:password}`, worker), /outside allowed\.paths/);
  assert.throws(() => resolve(`\${file:${inside}/link.properties:password}`, worker), /outside allowed\.paths/);
  assert.throws(() => resolve(`\${directory:${inside}:../out.properties}`, worker), /is a file name/);
});

test('what cannot be resolved is an error naming key, reference and reason', () => {
  assert.throws(
    () => resolve('${env:MISSING}'),
    /Configuration "k" refers to \$\{env:MISSING\}, but the environment variable MISSING is not set/,
  );
  assert.throws(() => resolve(`\${file:${inside}/db.properties:passwrd}`), /has no key "passwrd"/);
  assert.throws(() => resolve(`\${file:${inside}/none:x}`), /cannot be read \(ENOENT\)/);
  assert.throws(() => resolve('${directry:/a:b}'), /there is no config provider "directry"/);
});
