import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Secret } from '../base/secret.ts';
import type { BrokerApi } from './broker-api.ts';
import { brokerApi, BrokerRefusal } from './broker-api.ts';

export interface SaslCredentials {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
  readonly username: string;
  readonly password: Secret;
}

/** Sends one request and returns its answer. */
export type SaslRequest = <A extends readonly unknown[], R>(api: BrokerApi<A, R>, ...args: A) => Promise<R>;

const authenticationFailed = 58;
/** RFC 5802 asks for no less, and brokers for no less either. */
const iterationsMin = 4096;
const hashes = { 'SCRAM-SHA-256': 'sha256', 'SCRAM-SHA-512': 'sha512' } as const;
const deriveKey = promisify(pbkdf2);

/*
  SaslHandshake Request (Version: 1) => mechanism
  SaslHandshake Response (Version: 1) => error_code [mechanisms]
*/
const handshakeApi = brokerApi<[mechanism: string], { errorCode: number; mechanisms: string[] }>(
  17,
  1,
  (request, mechanism) => request.appendClassicString(mechanism),
  (response) => {
    const errorCode = response.readInt16();
    return { errorCode, mechanisms: Array.from({ length: response.readInt32() }, () => response.readClassicString()) };
  },
  { request: false, response: false },
);

/*
  SaslAuthenticate Request (Version: 2) => auth_bytes TAG_BUFFER
  SaslAuthenticate Response (Version: 2) => error_code error_message auth_bytes session_lifetime_ms TAG_BUFFER
*/
const authenticateApi = brokerApi<[bytes: Buffer], { errorCode: number; reason: string | null; bytes: Buffer; lifetimeMs: bigint }>(
  36,
  2,
  (request, bytes) => request.appendBytes(bytes).appendTaggedFields(),
  (response) => ({
    errorCode: response.readInt16(),
    reason: response.readNullableString(),
    bytes: response.readNullableBytes() ?? Buffer.alloc(0),
    lifetimeMs: response.readInt64(),
  }),
);

/** Logs in; resolves to how long the login holds, in milliseconds, 0 for ever. Rejects with a `BrokerRefusal`. */
export async function authenticate(request: SaslRequest, credentials: SaslCredentials): Promise<number> {
  const { mechanism, username, password } = credentials;
  const { errorCode, mechanisms } = await request(handshakeApi, mechanism);
  if (errorCode !== 0) throw new BrokerRefusal(errorCode, `The broker takes ${mechanisms.join(', ')}, not ${mechanism}.`);
  let lifetimeMs = 0n;
  const exchange = async (text: string): Promise<string> => {
    const answer = await request(authenticateApi, Buffer.from(text));
    if (answer.errorCode !== 0) throw new BrokerRefusal(answer.errorCode, answer.reason ?? 'The broker refused the login.');
    lifetimeMs = answer.lifetimeMs;
    return answer.bytes.toString();
  };
  if (mechanism === 'PLAIN') await exchange(`\0${username}\0${password.reveal()}`);
  else await scram(exchange, hashes[mechanism], username, password);
  return Number(lifetimeMs);
}

/** RFC 5802: neither side sends the password, and both prove that they know it. */
async function scram(
  exchange: (text: string) => Promise<string>,
  hash: 'sha256' | 'sha512',
  username: string,
  password: Secret,
): Promise<void> {
  const hmac = (key: Buffer, text: string): Buffer => createHmac(hash, key).update(text).digest();
  const nonce = randomBytes(24).toString('base64');
  const clientFirst = `n=${username.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;
  const serverFirst = await exchange(`n,,${clientFirst}`);
  const { r: serverNonce = '', s: salt = '', i: iterations = '' } = parameters(serverFirst);
  const rounds = Number(iterations);
  if (!serverNonce.startsWith(nonce) || serverNonce.length === nonce.length) throw unproven('its nonce does not continue ours');
  if (!Number.isInteger(rounds) || rounds < iterationsMin) throw unproven(`it asks for ${rounds} rounds, fewer than ${iterationsMin}`);
  const bytes = createHash(hash).update('').digest().length;
  const salted = await deriveKey(password.reveal(), Buffer.from(salt, 'base64'), rounds, bytes, hash);
  const clientKey = hmac(salted, 'Client Key');
  const clientFinal = `c=biws,r=${serverNonce}`;
  const signed = `${clientFirst},${serverFirst},${clientFinal}`;
  const signature = hmac(createHash(hash).update(clientKey).digest(), signed);
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
  const { v: verifier = '' } = parameters(await exchange(`${clientFinal},p=${proof.toString('base64')}`));
  const expected = hmac(hmac(salted, 'Server Key'), signed);
  const given = Buffer.from(verifier, 'base64');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw unproven('it does not know the password');
}

function parameters(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(text.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
}

function unproven(reason: string): BrokerRefusal {
  return new BrokerRefusal(authenticationFailed, `The broker could not prove who it is: ${reason}.`);
}
