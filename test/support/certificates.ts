import { execFile, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** False, or why certificates cannot be made here. */
export function withoutOpenssl(): false | string {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'openssl is not installed: certificates cannot be made';
  }
}

/** `ca.pem`, `other-ca.pem`, and for each name `NAME.crt` and `NAME.key`, signed by `ca.pem`. */
export async function makeCertificates(
  directory: string,
  names: Readonly<Record<string, { commonName: string; altNames?: string }>>,
): Promise<void> {
  const openssl = (...args: string[]): Promise<unknown> => run('openssl', args, { cwd: directory });
  for (const ca of ['ca', 'other-ca'])
    await openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${ca}`,
      '-keyout',
      `${ca}.key`,
      '-out',
      `${ca}.pem`,
    );
  for (const [name, { commonName, altNames }] of Object.entries(names)) {
    await openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${commonName}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    writeFileSync(join(directory, `${name}.ext`), altNames === undefined ? '' : `subjectAltName=${altNames}\n`);
    const sign = ['x509', '-req', '-days', '2', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'];
    await openssl(...sign, '-extfile', `${name}.ext`, '-out', `${name}.crt`);
  }
}
