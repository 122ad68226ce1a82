import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';

import { ConnectError } from '../../base/errors.ts';
import type { ConnectionSettings, SslMode } from './settings.ts';

/** What one attempt uses; false: no TLS. */
export type TlsAttempt = ConnectionOptions | false;

/** The attempts in order: `allow` and `prefer` fall back, as libpq and pgjdbc do. */
export function tlsAttempts(settings: ConnectionSettings): readonly TlsAttempt[] {
  const mode: SslMode = settings.sslMode;
  switch (mode) {
    case 'disable':
      return [false];
    case 'allow':
      return [false, tlsOptions(settings)];
    case 'prefer':
      return [tlsOptions(settings), false];
    case 'require':
    case 'verify-ca':
    case 'verify-full':
      return [tlsOptions(settings)];
  }
}

/** Reads the files named in the settings. `verify-ca` checks the chain, `verify-full` the host's name as well. */
function tlsOptions(settings: ConnectionSettings): ConnectionOptions {
  const verify = settings.sslMode === 'verify-ca' || settings.sslMode === 'verify-full';
  const options: ConnectionOptions = { rejectUnauthorized: verify };
  if (settings.sslRootCert !== null) options.ca = readPem('database.sslrootcert', settings.sslRootCert);
  if (settings.sslMode === 'verify-ca') options.checkServerIdentity = () => undefined;
  const passphrase = settings.sslPassword?.reveal();
  if (settings.sslKey !== null && /\.(p12|pfx)$/i.test(settings.sslKey)) {
    options.pfx = readPem('database.sslkey', settings.sslKey);
    if (passphrase !== undefined) options.passphrase = passphrase;
    return options;
  }
  if (settings.sslCert !== null) options.cert = readPem('database.sslcert', settings.sslCert);
  if (settings.sslKey !== null) options.key = privateKey(settings.sslKey, passphrase);
  return options;
}

/** PEM, or PKCS#8 DER (`.pk8`, which pgjdbc wants); decrypted here, so that the passphrase goes no further. */
function privateKey(path: string, passphrase: string | undefined): string {
  const bytes = readPem('database.sslkey', path);
  const secret = passphrase === undefined ? {} : { passphrase };
  try {
    const key =
      bytes.subarray(0, 5).toString('latin1') === '-----'
        ? createPrivateKey({ key: bytes, format: 'pem', ...secret })
        : createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8', ...secret });
    return key.export({ type: 'pkcs8', format: 'pem' }).toString();
  } catch (cause) {
    throw new ConnectError('file.unreadable', `"database.sslkey" names ${path}, which holds no private key that can be opened.`, {
      cause,
      remedy: 'Give a key in PEM or PKCS#8 DER form, and its passphrase in "database.sslpassword".',
      details: { file: path },
    });
  }
}

function readPem(key: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ConnectError('file.unreadable', `"${key}" names ${path}, which cannot be read.`, {
      cause,
      remedy: 'Correct the path, or make the file readable for the user that Millrace runs as.',
      details: { file: path },
    });
  }
}
