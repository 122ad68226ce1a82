import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { test } from 'node:test';
import { Secret } from '../../src/base/secret.ts';
import { BrokerRefusal } from '../../src/kafka/broker-api.ts';
import { RequestWriter } from '../../src/kafka/request-writer.ts';
import { ResponseReader } from '../../src/kafka/response-reader.ts';
import type { SaslCredentials, SaslRequest } from '../../src/kafka/sasl.ts';
import { authenticate } from '../../src/kafka/sasl.ts';

interface ServerOptions {
  readonly password?: string;
  readonly rounds?: number;
  readonly nonce?: (client: string) => string;
}

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** The server's side of RFC 5802, for SHA-256; a login that it does not accept is error 58. */
function server({ password = 'pencil', rounds = 4096, nonce = (client) => `${client}server` }: ServerOptions): SaslRequest {
  const salt = Buffer.from('salt of some bytes');
  const salted = pbkdf2Sync(password, salt, rounds, 32, 'sha256');
  let bare = '';
  let first = '';
  const answer = (text: string): string | null => {
    if (text.startsWith('n,,')) {
      bare = text.slice(3);
      first = `r=${nonce(/r=(.*)$/.exec(bare)?.[1] ?? '')},s=${salt.toString('base64')},i=${rounds}`;
      return first;
    }
    const [, final = '', proof = ''] = /^(.*),p=(.*)$/.exec(text) ?? [];
    const signed = `${bare},${first},${final}`;
    const stored = createHash('sha256').update(hmac(salted, 'Client Key')).digest();
    const signature = hmac(stored, signed);
    const key = Buffer.from(Buffer.from(proof, 'base64').map((byte, index) => byte ^ (signature[index] ?? 0)));
    if (!createHash('sha256').update(key).digest().equals(stored)) return null;
    return `v=${hmac(hmac(salted, 'Server Key'), signed).toString('base64')}`;
  };
  return (api, ...args) => {
    const [request] = [new RequestWriter()];
    api.write(request, ...args);
    const asked = Buffer.concat(request.finish()).subarray(4);
    if (api.key === 17) return Promise.resolve(api.read(new ResponseReader(Buffer.alloc(6))));
    const text = answer(new ResponseReader(asked).readString());
    const reply = new RequestWriter();
    reply.appendInt16(text === null ? 58 : 0).appendString(text === null ? 'no' : null);
    reply
      .appendBytes(Buffer.from(text ?? ''))
      .appendInt64(0n)
      .appendTaggedFields();
    return Promise.resolve(api.read(new ResponseReader(Buffer.concat(reply.finish()).subarray(4))));
  };
}

const credentials: SaslCredentials = { mechanism: 'SCRAM-SHA-256', username: 'a=b,c', password: new Secret('pencil') };

function refusal(pattern: RegExp) {
  return (error: unknown): boolean => error instanceof BrokerRefusal && error.apiCode === 58 && pattern.test(error.message);
}

test('SCRAM: the right password is accepted, another is refused with the reason of the broker', async () => {
  assert.equal(await authenticate(server({}), credentials), 0);
  await assert.rejects(authenticate(server({ password: 'other' }), credentials), refusal(/^no$/));
});

test('SCRAM: a server that does not know the password, repeats a nonce or asks for few rounds is not trusted', async () => {
  const knowing = server({});
  const forged: SaslRequest = async (api, ...args) => {
    const answer = await knowing(api, ...args);
    const { bytes } = answer as { bytes?: Buffer };
    if (bytes !== undefined && bytes.toString().startsWith('v=')) bytes.write('v=AAAA');
    return answer;
  };
  await assert.rejects(authenticate(forged, credentials), refusal(/does not know the password/));
  await assert.rejects(authenticate(server({ nonce: (client) => client }), credentials), refusal(/nonce/));
  await assert.rejects(authenticate(server({ nonce: () => 'another' }), credentials), refusal(/nonce/));
  await assert.rejects(authenticate(server({ rounds: 1000 }), credentials), refusal(/1000 rounds/));
});
