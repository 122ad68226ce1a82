import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { registryConfigKeys, registryOptions } from '../../src/avro/registry-options.ts';
import { SchemaRegistry } from '../../src/avro/schema-registry.ts';
import type { Clock } from '../../src/base/clock.ts';
import { systemClock } from '../../src/base/clock.ts';
import { ConnectError, describeError } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import { Config } from '../../src/connect/config.ts';
import { stack } from '../support/stack.ts';
import { uniqueName } from '../support/unique-name.ts';

function registry(values: Readonly<Record<string, string>> = {}, clock: Clock = systemClock): SchemaRegistry {
  const defaults = Object.fromEntries(registryConfigKeys.map((key) => [key.name, key.default ?? null]));
  return new SchemaRegistry(
    registryOptions(Config.of({ ...defaults, 'schema.registry.url': stack.registry, ...values })),
    clock,
    silentLog,
  );
}

const record = (fields: Readonly<Record<string, string>>): string =>
  JSON.stringify({
    type: 'record',
    name: 'Value',
    namespace: 'test.registry',
    fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
  });

async function api(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${stack.registry}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' } }),
    signal: AbortSignal.timeout(60_000),
  });
  return { status: response.status, body: await response.json() };
}

const isCode = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ConnectError, describeError(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  assert.ok(error.remedy !== null);
  return true;
};

test('the same schema keeps its id, in this process and the next, and the compatibility level is left alone', async () => {
  const subject = `${uniqueName('registry')}-value`;
  const text = record({ a: 'int' });
  // What the registry itself says of a subject that nobody has set a level for.
  const control = `${uniqueName('registry')}-value`;
  await api('POST', `/subjects/${control}/versions`, { schema: text });
  const first = registry();
  const id = await first.idOf(subject, text);
  assert.ok(id > 0);
  assert.equal(await first.idOf(subject, text), id);
  assert.equal(await registry().idOf(subject, text), id);
  assert.notEqual(await first.idOf(subject, record({ b: 'string' })), id);
  const stored = await api('GET', `/schemas/ids/${id}`);
  assert.equal((stored.body as { schema: string }).schema, text);
  assert.deepEqual(await api('GET', `/config/${subject}`), await api('GET', `/config/${control}`));
});

test('a level set by the owner of the registry stays, and an incompatible schema names subject, reasons and remedy', async () => {
  const subject = `${uniqueName('registry')}-value`;
  await registry().idOf(subject, record({ a: 'int' }));
  await api('PUT', `/config/${subject}`, { compatibility: 'BACKWARD' });
  await assert.rejects(
    registry().idOf(subject, record({ a: 'string' })),
    isCode('registry.schema', new RegExp(`"${subject}" as incompatible: .+ The subject asks for BACKWARD\\.$`)),
  );
  assert.deepEqual((await api('GET', `/config/${subject}`)).body, { compatibilityLevel: 'BACKWARD' });
});

test('without auto.register.schemas only what is registered has an id', async () => {
  const subject = `${uniqueName('registry')}-value`;
  const careful = registry({ 'auto.register.schemas': 'false' });
  await assert.rejects(careful.idOf(subject, record({ a: 'int' })), isCode('registry.schema', /does not know the schema/));
  const id = await registry().idOf(subject, record({ a: 'int' }));
  assert.equal(await careful.idOf(subject, record({ a: 'int' })), id);
});

test('use.latest.version writes under the latest id, and only when the layout is the same', async () => {
  const subject = `${uniqueName('registry')}-value`;
  const documented = JSON.stringify({ ...(JSON.parse(record({ a: 'int' })) as object), doc: 'by hand' });
  const id = await registry().idOf(subject, documented);
  const latest = registry({ 'use.latest.version': 'true', 'auto.register.schemas': 'false' });
  assert.equal(await latest.idOf(subject, record({ a: 'int' })), id);
  await assert.rejects(latest.idOf(subject, record({ a: 'long' })), isCode('registry.schema', /other fields or types/));
});

test('a schema that is like one before it but for its namespace gets its own id, and is refused where that is none', async () => {
  const own = registry();
  const text = record({ a: 'int', b: 'string' });
  const [left, right] = [text, text.replaceAll('test.registry', 'test.another')];
  assert.notEqual(await own.idOf(uniqueName('registry'), left), await own.idOf(uniqueName('registry'), right));
  // avsc takes any namespace, the registry does not.
  for (const [bad, code] of [
    [text.replaceAll('test.registry', 'not allowed'), 'registry.schema'],
    [text.replaceAll('"string"', '"strong"'), 'data.shape'],
  ] as const) {
    await assert.rejects(own.idOf(uniqueName('registry'), bad), (error) => error instanceof ConnectError && error.code === code);
  }
});

test('what is no Avro schema is refused before it is sent', async () => {
  const text = JSON.stringify({ type: 'record', name: 'Bad Name', fields: [] });
  await assert.rejects(
    registry().idOf(uniqueName('registry'), text),
    (error) => error instanceof ConnectError && error.code === 'data.shape',
  );
});

interface FakeRegistry extends AsyncDisposable {
  readonly url: string;
  readonly requests: IncomingMessage[];
}

/** Answers with the given statuses in turn, the last one for ever. */
async function fakeRegistry(...answers: readonly (readonly [number, object])[]): Promise<FakeRegistry> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    const [status, body] = answers[Math.min(requests.length, answers.length - 1)]!;
    requests.push(request);
    request.resume().on('end', () => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

/** Sleeps are noted and over at once. */
function instantClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  return {
    ...systemClock,
    slept,
    sleep: (delayMs) => {
      slept.push(delayMs);
      return Promise.resolve();
    },
  };
}

test('a registry that does not answer is tried again, then reported without its password', async () => {
  const clock = instantClock();
  const unreachable = registry(
    { 'schema.registry.url': 'http://user:geheim@127.0.0.1:1', 'max.retries': '2', 'retries.wait.ms': '100' },
    clock,
  );
  await assert.rejects(unreachable.idOf('s', record({ a: 'int' })), (error) => {
    assert.doesNotMatch(`${describeError(error)}${JSON.stringify(error)}`, /geheim/);
    return isCode('registry.unreachable', /http:\/\/127\.0\.0\.1:1 does not answer: .*ECONNREFUSED/)(error);
  });
  assert.deepEqual(clock.slept, [100, 200]);
});

test('a failed look-up is not remembered, and the next address of the list takes over', async () => {
  await using broken = await fakeRegistry([503, { error_code: 50_003, message: 'forwarding failed' }]);
  await using healthy = await fakeRegistry([200, { id: 7 }]);
  const clock = instantClock();
  assert.equal(await registry({ 'schema.registry.url': `${broken.url}, ${healthy.url}` }, clock).idOf('s', record({ a: 'int' })), 7);
  assert.deepEqual([broken.requests.length, healthy.requests.length, clock.slept.length], [1, 1, 0]);
  await using recovering = await fakeRegistry([503, {}], [429, {}], [200, { id: 9 }]);
  const impatient = registry({ 'schema.registry.url': recovering.url, 'max.retries': '0' }, clock);
  await assert.rejects(impatient.idOf('s', record({ a: 'int' })), isCode('registry.unreachable', /status 503 for subject "s"/));
  await assert.rejects(impatient.idOf('s', record({ a: 'int' })), isCode('registry.unreachable', /status 429 for subject "s"/));
  assert.equal(await impatient.idOf('s', record({ a: 'int' })), 9);
});

test('a refusal in the words of Confluent leaves out the schema that was there before, and names the level of all subjects', async () => {
  const differences = `[{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'The field 'c' at path '/fields/1' in the new schema has no default value and is missing in the old schema', additionalInfo:'c'}, {oldSchemaVersion: 1}, {oldSchema: '{"type":"record","name":"Long"}'}, {compatibility: 'BACKWARD'}]`;
  const message = `Schema being registered is incompatible with an earlier schema for subject "s", details: ${differences}`;
  await using server = await fakeRegistry(
    [409, { error_code: 409, message }],
    [404, { error_code: 40_408, message: 'Subject s does not have one.' }],
  );
  const url = { 'schema.registry.url': server.url };
  await assert.rejects(registry(url).idOf('s', record({ a: 'int' })), (error) => {
    assert.doesNotMatch(describeError(error), /"Long"/);
    return isCode(
      'registry.schema',
      /\{oldSchemaVersion: 1\}, \{compatibility: 'BACKWARD'\}\]\. The subject asks for what the registry asks of all subjects\.$/,
    )(error);
  });
});

test('an address that is not a registry says so', async () => {
  const wrongPath = registry({ 'schema.registry.url': new URL('/nowhere', stack.registry).href });
  await assert.rejects(wrongPath.idOf('s', record({ a: 'int' })), (error) => {
    return (
      isCode('registry.schema', /nowhere does not know/)(error) &&
      error instanceof ConnectError &&
      (error.remedy ?? '').includes('/apis/ccompat/v7')
    );
  });
  await using other = await fakeRegistry([200, { hello: 'world' }]);
  await assert.rejects(
    registry({ 'schema.registry.url': other.url }).idOf('s', record({ a: 'int' })),
    isCode('registry.schema', /not a schema registry/),
  );
});

test('concurrent shapes with one schema make one request', async () => {
  await using server = await fakeRegistry([200, { id: 3 }]);
  const shared = registry({ 'schema.registry.url': server.url });
  assert.deepEqual(await Promise.all([1, 2, 3].map(() => shared.idOf('s', record({ a: 'int' })))), [3, 3, 3]);
  assert.equal(server.requests.length, 1);
  assert.equal(server.requests[0]?.method, 'POST');
});

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

test('credentials are sent as configured, and their refusal is an authentication failure', async () => {
  const cases: readonly (readonly [Readonly<Record<string, string>>, string, string])[] = [
    [{}, 'u:p%40ss@', basic('u:p@ss')],
    [{ 'basic.auth.credentials.source': 'USER_INFO', 'basic.auth.user.info': 'k:s:t' }, '', basic('k:s:t')],
    [{ 'basic.auth.credentials.source': 'USER_INFO', 'schema.registry.basic.auth.user.info': 'a:b' }, '', basic('a:b')],
    [{ 'bearer.auth.credentials.source': 'STATIC_TOKEN', 'bearer.auth.token': 'tok' }, '', 'Bearer tok'],
  ];
  for (const [values, userInfo, header] of cases) {
    await using server = await fakeRegistry([401, { error_code: 40_101, message: 'Unauthorized' }]);
    const refused = registry({ 'schema.registry.url': server.url.replace('//', `//${userInfo}`), ...values });
    await assert.rejects(
      refused.idOf('s', record({ a: 'int' })),
      isCode('registry.authentication', /refuses access to subject "s": Unauthorized/),
    );
    assert.equal(server.requests[0]?.headers.authorization, header);
  }
});

test('a field default of exactly {} is registered in a form that every registry takes', async () => {
  const subject = uniqueName('registry');
  const text = '{"type":"record","name":"Value","fields":[{"name":"json","type":"string","default":"{}"}]}';
  const id = await registry().idOf(subject, text);
  const stored = (await api('GET', `/schemas/ids/${id}`)).body as { schema: string };
  assert.deepEqual(JSON.parse((JSON.parse(stored.schema) as { fields: { default: string }[] }).fields[0]?.default ?? ''), {});
});

test('a configured compatibility level is given to the subject, and then guards it', async () => {
  const subject = uniqueName('registry');
  const strict = registry({ 'schema.compatibility.level': 'full' });
  await strict.idOf(subject, record({ a: 'int' }));
  const { body } = await api('GET', `/config/${subject}`);
  assert.equal((body as { compatibilityLevel: string }).compatibilityLevel, 'FULL');
  await assert.rejects(strict.idOf(subject, record({ a: 'string' })), isCode('registry.schema', /incompatible/));
});
