import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

import { apicurioConfigKeys, apicurioOptions } from '../../src/avro/apicurio-options.ts';
import { ApicurioRegistry } from '../../src/avro/apicurio-registry.ts';
import { BearerTokens } from '../../src/avro/bearer-tokens.ts';
import { registryConfigKeys, registryOptions } from '../../src/avro/registry-options.ts';
import { SchemaRegistry } from '../../src/avro/schema-registry.ts';
import { systemClock, type Clock } from '../../src/base/clock.ts';
import { ConnectError, describeError } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import { Secret } from '../../src/base/secret.ts';
import { Config } from '../../src/connect/config.ts';
import type { ConfigKey } from '../../src/connect/plugin.ts';

const secret = 'wolf-and-goat';
const schema = JSON.stringify({ type: 'record', name: 'Value', fields: [{ name: 'a', type: 'int' }] });

/** A token endpoint that knows one client, and a registry that takes only the token that was given out last. */
class Office implements AsyncDisposable {
  url = '';
  given = 0;
  expiresIn: number | undefined = 3600;
  /** In place of a token. */
  answer: readonly [status: number, body: string] | null = null;
  readonly forms: URLSearchParams[] = [];
  readonly visits: IncomingHttpHeaders[] = [];
  #valid = '';
  readonly #server = createServer((request, response) => {
    const say = (status: number, body: unknown): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body));
    void text(request).then((body) => {
      if (request.url?.endsWith('/token') === true) {
        const form = new URLSearchParams(body);
        this.forms.push(form);
        const basic = `Basic ${Buffer.from(`millrace:${secret}`).toString('base64')}`;
        const known =
          request.headers.authorization === basic || (form.get('client_id') === 'millrace' && form.get('client_secret') === secret);
        if (this.answer !== null) return say(...this.answer);
        if (!known)
          return say(401, { error: 'invalid_client', error_description: `no client with ${form.get('client_secret') ?? 'that'}` });
        this.given += 1;
        this.#valid = `token-${this.given}`;
        return say(200, { access_token: this.#valid, token_type: 'Bearer', expires_in: this.expiresIn });
      }
      this.visits.push(request.headers);
      if (request.headers.authorization !== `Bearer ${this.#valid}`) return say(401, { error_code: 401, message: 'who are you?' });
      return say(200, { id: 7, globalId: 7, contentId: 7, subjects: [] });
    });
  });

  static async open(): Promise<Office> {
    const office = new Office();
    await new Promise<void>((resolve) => {
      office.#server.listen(0, '127.0.0.1', resolve);
    });
    office.url = `http://127.0.0.1:${(office.#server.address() as AddressInfo).port}`;
    return office;
  }

  /** Every token is refused from now on. */
  revoke(): void {
    this.#valid = 'another';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function config(keys: readonly ConfigKey[], values: Readonly<Record<string, string>>): Config {
  return Config.of({ ...Object.fromEntries(keys.map((key) => [key.name, key.default ?? null])), ...values });
}

function confluent(office: Office, values: Readonly<Record<string, string>> = {}): SchemaRegistry {
  const given = {
    'schema.registry.url': office.url,
    'bearer.auth.credentials.source': 'OAUTHBEARER',
    'bearer.auth.issuer.endpoint.url': `${office.url}/token`,
    'bearer.auth.client.id': 'millrace',
    'bearer.auth.client.secret': secret,
    'max.retries': '0',
    ...values,
  };
  return new SchemaRegistry(registryOptions(config(registryConfigKeys, given)), systemClock, silentLog);
}

function apicurio(office: Office, values: Readonly<Record<string, string>>): ApicurioRegistry {
  const given = {
    'apicurio.registry.url': office.url,
    'apicurio.registry.auto-register': 'true',
    'apicurio.registry.retry-count': '0',
    'apicurio.auth.client.id': 'millrace',
    'apicurio.auth.client.secret': secret,
    ...values,
  };
  return new ApicurioRegistry(apicurioOptions(config(apicurioConfigKeys, given)), systemClock, silentLog);
}

const lookUps: Readonly<Record<string, (office: Office, values?: Readonly<Record<string, string>>) => (name: string) => Promise<unknown>>> =
  {
    'Confluent, OAUTHBEARER': (office, values) => {
      const registry = confluent(office, values);
      return (name) => registry.idOf(name, schema);
    },
    'Apicurio, token endpoint': (office, values = {}) => {
      const registry = apicurio(office, { 'apicurio.auth.service.token.endpoint': `${office.url}/token`, ...values });
      return (name) => registry.idOf({ group: null, id: name }, schema);
    },
  };

const refusal = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ConnectError, describeError(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  assert.ok(error.remedy !== null);
  assert.doesNotMatch(describeError(error), new RegExp(`${secret}|token-\\d`));
  return true;
};

for (const [name, open] of Object.entries(lookUps)) {
  test(`${name}: one token for many requests, another one when it is refused`, async () => {
    await using office = await Office.open();
    const idOf = open(office);
    await Promise.all([idOf('a'), idOf('b')]);
    await idOf('c');
    assert.equal(office.given, 1);
    assert.equal(office.forms[0]?.get('grant_type'), 'client_credentials');
    office.revoke();
    await idOf('d');
    assert.equal(office.given, 2);
  });

  test(`${name}: a wrong secret, an endpoint that is down or something else, each with its own words`, async () => {
    await using office = await Office.open();
    const wrong = name.startsWith('Apicurio') ? { 'apicurio.auth.client.secret': 'x' } : { 'bearer.auth.client.secret': 'x' };
    await assert.rejects(
      open(office, wrong)('a'),
      refusal('registry.authentication', /gives the client "millrace" no token: invalid_client/),
    );
    office.answer = [400, JSON.stringify({ error: `not ${secret}` })];
    await assert.rejects(open(office)('a'), refusal('registry.authentication', /no token: not \[hidden\]/));
    office.answer = [503, ''];
    await assert.rejects(open(office)('a'), refusal('registry.unreachable', /token endpoint .* does not answer: status 503/));
    office.answer = [200, '<html>'];
    await assert.rejects(open(office)('a'), refusal('registry.authentication', /is not a token endpoint/));
    assert.equal(office.visits.length, 0, 'the registry is not asked without a token');
    office.answer = null;
    await open(office)('a');
    const away = name.startsWith('Apicurio')
      ? { 'apicurio.auth.service.token.endpoint': 'http://127.0.0.1:1/token' }
      : { 'bearer.auth.issuer.endpoint.url': 'http://127.0.0.1:1/token' };
    await assert.rejects(open(office, away)('a'), refusal('registry.unreachable', /token endpoint .*127\.0\.0\.1:1/));
  });

  test(`${name}: a registry that takes no token at all is asked twice, not for ever`, async () => {
    await using office = await Office.open();
    office.answer = [200, JSON.stringify({ access_token: 'stale', expires_in: 60 })];
    await assert.rejects(open(office)('a'), refusal('registry.authentication', /who are you/));
    assert.deepEqual([office.visits.length, office.forms.length], [2, 2]);
  });
}

test('scope, logical cluster and identity pool are sent; Keycloak is found by its realm', async () => {
  await using office = await Office.open();
  const extra = { 'bearer.auth.scope': 'registry', 'bearer.auth.logical.cluster': 'lsrc-1', 'bearer.auth.identity.pool.id': 'pool-2' };
  await confluent(office, extra).idOf('a', schema);
  const keycloak = {
    'apicurio.auth.service.url': `${office.url}/auth/`,
    'apicurio.auth.realm': 'my shop',
    'apicurio.auth.client.scope': 'write',
  };
  await apicurio(office, keycloak).idOf({ group: null, id: 'a' }, schema);
  assert.deepEqual(
    office.forms.map((form) => form.get('scope')),
    ['registry', 'write'],
  );
  assert.deepEqual([office.visits[0]?.['target-sr-cluster'], office.visits[0]?.['confluent-identity-pool-id']], ['lsrc-1', 'pool-2']);
  const options = apicurioOptions(
    config(apicurioConfigKeys, {
      ...keycloak,
      'apicurio.registry.url': office.url,
      'apicurio.auth.client.id': 'a',
      'apicurio.auth.client.secret': 'b',
    }),
  );
  assert.equal(options.grant?.url, `${office.url}/auth/realms/my%20shop/protocol/openid-connect/token`);
});

test('what is missing is named', () => {
  const lacking = { 'apicurio.registry.url': 'http://r', 'apicurio.auth.service.url': 'http://k' };
  assert.throws(
    () => apicurioOptions(config(apicurioConfigKeys, lacking)),
    /lacks apicurio.auth.realm, apicurio.auth.client.id, apicurio.auth.client.secret/,
  );
  const bare = { 'schema.registry.url': 'http://r', 'bearer.auth.credentials.source': 'OAUTHBEARER' };
  assert.throws(() => registryOptions(config(registryConfigKeys, bare)), { code: 'config.invalid' });
});

test('a token is asked for anew shortly before its end', async () => {
  await using office = await Office.open();
  let now = 0;
  const clock: Clock = { ...systemClock, monotonic: () => now };
  const grant = {
    url: `${office.url}/token`,
    clientId: 'millrace',
    clientSecret: new Secret(secret),
    scope: null,
    credentialsIn: 'form',
    keys: 'k',
  } as const;
  const tokens = new BearerTokens(grant, clock);
  office.expiresIn = 600;
  assert.equal(await tokens.token(), 'token-1');
  now = 539_999;
  assert.equal(await tokens.token(), 'token-1');
  now = 540_000;
  office.expiresIn = 10;
  assert.equal(await tokens.token(), 'token-2');
  now += 8000;
  office.expiresIn = undefined;
  assert.equal(await tokens.token(), 'token-3');
  now += 48_000;
  assert.equal(await tokens.token(), 'token-4');
});
