import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';

/** SSLRequest: eight bytes, the length and 80877103. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

export interface TlsFront extends AsyncDisposable {
  readonly port: number;
}

/**
 * TLS before a Postgres that has none, at 127.0.0.1: takes `server.crt`, `server.key` and `ca.pem` from the folder. Connections
 * that do not ask for TLS are ended.
 */
export async function openTlsFront(folder: string, to: { readonly host: string; readonly port: number }): Promise<TlsFront> {
  const sockets = new Set<Socket>();
  const [cert, key, ca] = ['server.crt', 'server.key', 'ca.pem'].map((name) => readFileSync(join(folder, name)));
  const server = createServer((raw) => {
    sockets.add(raw);
    raw.on('error', () => {}).on('close', () => sockets.delete(raw));
    raw.once('data', (asked: Buffer) => {
      if (!asked.equals(sslRequest)) {
        raw.destroy();
        return;
      }
      raw.write('S');
      const secured = new TLSSocket(raw, { isServer: true, cert, key, ca, requestCert: true, rejectUnauthorized: false });
      const plain = connect(to.port, to.host);
      sockets.add(plain);
      plain.on('error', () => secured.destroy()).on('close', () => secured.destroy());
      secured.on('error', () => plain.destroy()).on('close', () => plain.destroy());
      secured.pipe(plain).pipe(secured);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
