import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { tlsAttempts } from '../../../src/sources/postgres/tls-options.ts';
import { testSettings } from './test-settings.ts';

function attempts(extra: Readonly<Record<string, string>>): ReturnType<typeof tlsAttempts> {
  return tlsAttempts(testSettings(extra).connection);
}

/** Per attempt: without TLS, or whether the certificate and the name of the host are checked. */
function outline(mode: string): unknown[] {
  return attempts({ 'database.sslmode': mode }).map((attempt) =>
    attempt === false ? 'plain' : [attempt.rejectUnauthorized, attempt.checkServerIdentity === undefined],
  );
}

test('each mode: with or without TLS, in which order, and what is checked of the server', () => {
  assert.deepEqual(outline('disable'), ['plain']);
  assert.deepEqual(outline('allow'), ['plain', [false, true]]);
  assert.deepEqual(outline('prefer'), [[false, true], 'plain']);
  assert.deepEqual(outline('require'), [[false, true]]);
  assert.deepEqual(outline('verify-ca'), [[true, false]], 'the name of the host is not looked at');
  assert.deepEqual(outline('verify-full'), [[true, true]]);
});

test('a key that is encrypted, as PEM or as DER, is opened with database.sslpassword; a wrong one is refused without being named', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const secret = { cipher: 'aes-256-cbc', passphrase: 'open-sesame' };
  const [pem, der, certificate] = ['client.key', 'client.pk8', 'client.crt'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(pem, privateKey.export({ type: 'pkcs8', format: 'pem', ...secret }));
  writeFileSync(der, privateKey.export({ type: 'pkcs8', format: 'der', ...secret }));
  writeFileSync(certificate, 'a certificate');
  const open = (path: string, password: string): unknown => {
    const extra = {
      'database.sslmode': 'require',
      'database.sslcert': certificate,
      'database.sslkey': path,
      'database.sslpassword': password,
    };
    const [attempt] = attempts(extra);
    return attempt !== false && attempt !== undefined ? attempt.key : null;
  };
  for (const path of [pem, der]) {
    assert.ok(createPrivateKey(open(path, 'open-sesame') as string).equals(privateKey), path);
    assert.throws(() => open(path, 'wrong-secret'), { code: 'file.unreadable', message: /^(?!.*wrong-secret).*private key/ });
  }
});
