import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { kafkaClient } from '../../support/kafka-client.ts';
import { quickest } from '../../support/quickest.ts';
import { stack } from '../../support/stack.ts';
import { uniqueName } from '../../support/unique-name.ts';
import { committedNumbers, RestBench } from './rest-bench.ts';

const creation = { 'topic.creation.default.partitions': '1', 'topic.creation.default.replication.factor': '1' };

function counting(extra: Record<string, unknown> = {}): Record<string, unknown> {
  return { 'connector.class': 'test.CountingConnector', topic: uniqueName('numbers'), ...creation, ...extra };
}

let bench: RestBench;
before(async () => {
  bench = await RestBench.open();
});
after(() => bench.stop());

const running = (body: { connector?: { state: string }; tasks?: { state: string }[] }): boolean => body.tasks?.[0]?.state === 'RUNNING';
const state = (wanted: string) => (body: { connector?: { state: string } }) => body.connector?.state === wanted;
const positionOf = (body: { offsets?: { offset: { position: number } }[] }): number => body.offsets?.[0]?.offset.position ?? 0;
const moved = (body: { offsets?: unknown[] }): boolean => (body.offsets?.length ?? 0) > 0;

test('the root tells a version that tools can parse and the id of the cluster', async () => {
  const { status, body, headers } = await bench.get('/');
  assert.equal(status, 200);
  assert.match(body.version, /^\d+\.\d+/);
  const admin = kafkaClient(stack.kafka).admin();
  await admin.connect();
  assert.equal(body.kafka_cluster_id, (await admin.describeCluster()).clusterId);
  await admin.disconnect();
  assert.equal(headers.get('x-millrace-version'), '1');
  assert.deepEqual((await bench.get('/health')).body, {
    status: 'healthy',
    message: 'Worker has completed startup and is ready to handle requests.',
  });
});

test('errors of HTTP itself have the shape of all errors', async () => {
  const cases: [string, string, unknown, Record<string, string>, number, string][] = [
    ['GET', '/nothing', undefined, {}, 404, 'HTTP 404 Not Found'],
    ['POST', '/connectors/x/config', {}, { 'content-type': 'application/json' }, 405, 'HTTP 405 Method Not Allowed'],
    ['POST', '/connectors', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'HTTP 415 Unsupported Media Type'],
    [
      'POST',
      '/connectors',
      '{"name":"s3cret',
      { 'content-type': 'application/json' },
      500,
      'The request body is not valid JSON (at character 16)',
    ],
    ['GET', '/connectors/x/tasks/one/status', undefined, {}, 404, 'HTTP 404 Not Found'],
  ];
  for (const [method, path, body, headers, status, message] of cases) {
    const answer = await bench.call(method, path, body, headers);
    assert.deepEqual([answer.status, answer.body], [status, { error_code: status, message }], path);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
  }
});

test('what is not there is answered as Kafka Connect answers it', async () => {
  const cases: [string, string, string][] = [
    ['GET', '/connectors/none', 'Connector none not found'],
    ['GET', '/connectors/none/config', 'Connector none not found'],
    ['DELETE', '/connectors/none', 'Connector none not found'],
    ['GET', '/connectors/none/status', 'No status found for connector none'],
    ['PUT', '/connectors/none/pause', 'Unknown connector none'],
    ['PUT', '/connectors/none/resume', 'Unknown connector none'],
    ['PUT', '/connectors/none/stop', 'Unknown connector none'],
    ['POST', '/connectors/none/restart', 'Unknown connector: none'],
    ['POST', '/connectors/none/tasks/0/restart', 'Unknown connector: none'],
    ['GET', '/connectors/none/tasks/3/status', 'No status found for task none-3'],
    ['GET', '/connector-plugins/none/config', 'Unknown plugin none.'],
  ];
  for (const [method, path, message] of cases) {
    const answer = await bench.call(method, path);
    assert.deepEqual([answer.status, answer.body], [404, { error_code: 404, message }], path);
  }
  assert.deepEqual((await bench.get('/connectors/none/topics')).body, { none: { topics: [] } });
});

test('create, read, update, patch, delete', async () => {
  const name = `${uniqueName('crud')}/with a + and %2F`;
  const path = `/connectors/${encodeURIComponent(name)}`;
  const config = counting({ 'tasks.max': 1, 'pace.ms': 1.0, 'errors.log.enable': true });
  const created = await bench.call('POST', '/connectors/', { name, config });
  assert.equal(created.status, 201, created.text);
  assert.equal(created.headers.get('location'), path);
  const stored = { ...config, 'tasks.max': '1', 'pace.ms': '1', 'errors.log.enable': 'true', name };
  assert.deepEqual(created.body.config, stored);
  assert.equal(created.body.type, 'source');
  assert.deepEqual((await bench.call('POST', '/connectors', { name, config })).body, {
    error_code: 409,
    message: `Connector ${name} already exists`,
  });

  assert.ok((await bench.get('/connectors')).body.includes(name));
  assert.deepEqual((await bench.get(`${path}/config`)).body, stored);
  await bench.until(`${path}/status`, running);
  assert.deepEqual((await bench.get(`${path}/tasks`)).body, [
    { id: { connector: name, task: 0 }, config: { ...stored, 'task.class': 'test.CountingConnectorTask' } },
  ]);
  assert.deepEqual((await bench.get(path)).body.tasks, [{ connector: name, task: 0 }]);
  const expanded = (await bench.get('/connectors?expand=status&expand=info&expand=other')).body[name];
  assert.deepEqual(Object.keys(expanded).sort(), ['info', 'status']);
  assert.deepEqual(Object.keys((await bench.get('/connectors?expand=info')).body[name]), ['info']);

  const same = await bench.call('PUT', `${path}/config`, stored);
  assert.deepEqual([same.status, same.body.config], [200, stored]);
  const changed = await bench.call('PUT', `${path}/config/`, { ...config, 'pace.ms': '2' });
  assert.deepEqual([changed.status, changed.body.config['pace.ms']], [200, '2']);
  const patched = await bench.call('PATCH', `${path}/config`, { 'pace.ms': '3', 'errors.log.enable': null });
  assert.equal(patched.status, 200);
  assert.deepEqual([patched.body.config['pace.ms'], 'errors.log.enable' in patched.body.config], ['3', false]);
  assert.equal(
    (await bench.call('PUT', `${path}/config`, { ...config, name: 'other' })).body.message,
    `Connector name configuration (other) doesn't match connector name in the URL (${name})`,
  );

  assert.equal((await bench.call('DELETE', path)).status, 204);
  assert.equal((await bench.get(path)).status, 404);
  assert.ok(!(await bench.get('/connectors')).body.includes(name));
});

test('refusals: invalid config, unknown class, no class, unknown field; validate agrees with them', async () => {
  const name = uniqueName('refused');
  const invalid = await bench.call('POST', '/connectors', { name, config: counting({ 'tasks.max': 'x', tpoic: 'y' }) });
  assert.equal(invalid.status, 400);
  assert.equal(
    invalid.body.message,
    "Connector configuration is invalid and contains the following 2 error(s):\nUnknown configuration 'tpoic': did you mean 'topic'?\n" +
      'Invalid value x for configuration tasks.max: Not a number of type INT\n' +
      'You can also find the above list of errors at the endpoint `/connector-plugins/{connectorType}/config/validate`',
  );
  const unknown = await bench.call('PUT', `/connectors/${name}/config`, { 'connector.class': 'Foo' });
  assert.equal(unknown.status, 500);
  assert.match(
    unknown.body.message,
    /^Failed to find any class that implements Connector and which name matches Foo, available connectors are: PluginDesc\{klass=/,
  );
  assert.match(
    (await bench.call('PUT', `/connectors/${name}/config`, { topic: 't' })).body.message,
    /^Connector config \{topic, name\} contains no connector type$/,
  );
  assert.equal((await bench.call('POST', '/connectors', { name, config: {}, extra: 1 })).status, 400);
  assert.equal((await bench.call('PUT', `/connectors/${name}/config`, { a: { b: 1 } })).status, 500);
  assert.equal((await bench.get(`/connectors/${name}`)).status, 404, 'nothing of it was stored');

  const validate = '/connector-plugins/Counting/config/validate';
  const partial = await bench.call('PUT', validate, {
    'connector.class': 'test.CountingConnector',
    topics: 'getPlugins',
    password: 'hunter22',
  });
  assert.equal(partial.status, 200);
  const errors = partial.body.configs.flatMap((info: { value: { errors: string[] } }) => info.value.errors);
  assert.equal(partial.body.error_count, errors.length);
  assert.ok(errors.includes('Missing required configuration "name" which has no default value.'));
  assert.doesNotMatch(partial.text, /hunter22/);
  assert.equal(
    (await bench.call('PUT', '/connector-plugins/Other/config/validate', { 'connector.class': 'test.CountingConnector' })).body.message,
    'Included connector type test.CountingConnector does not match request type Other',
  );
  const plugins = (await bench.get('/connector-plugins/')).body;
  assert.deepEqual(plugins, [{ class: 'test.CountingConnector', type: 'source', version: '1.0' }]);
  assert.ok((await bench.get('/connector-plugins?connectorsOnly=false')).body.length > 1);
  const definitions = (await bench.get('/connector-plugins/CountingConnector/config')).body;
  assert.equal(definitions[0].name, 'topic', 'its own keys come first');
});

test('pausing stops new records within a second, resuming loses none and repeats none', async () => {
  const name = uniqueName('pausing');
  const config = counting();
  const path = `/connectors/${name}`;
  await bench.call('POST', '/connectors', { name, config });
  const tookMs = await quickest(1000, async () => {
    const from = positionOf((await bench.get(`${path}/offsets`)).body);
    await bench.call('PUT', `${path}/resume`);
    await bench.until(`${path}/offsets`, (body) => positionOf(body) > from);
    const asked = performance.now();
    assert.equal((await bench.call('PUT', `${path}/pause`)).status, 202);
    return performance.now() - asked;
  });
  assert.ok(tookMs < 1000, `within a second, not ${tookMs} ms`);
  assert.deepEqual((await bench.get(`${path}/status`)).body.tasks[0].state, 'PAUSED');
  const paused = await committedNumbers(String(config['topic']));
  const offset = (await bench.get(`${path}/offsets`)).body.offsets[0].offset.position;
  assert.equal(paused.at(-1), offset, 'all that was emitted is committed');
  assert.deepEqual(await committedNumbers(String(config['topic'])), paused, 'and nothing comes after');

  assert.equal((await bench.call('PUT', `${path}/resume`)).status, 202);
  await bench.until(`${path}/offsets`, (body) => body.offsets[0].offset.position > offset + 10);
  assert.equal((await bench.call('PUT', `${path}/stop`)).status, 204);
  const all = await committedNumbers(String(config['topic']));
  assert.deepEqual(
    all,
    Array.from({ length: all.length }, (_, index) => index + 1),
  );
  assert.ok(all.length > paused.length);
  assert.deepEqual((await bench.get(`${path}/topics`)).body, { [name]: { topics: [config['topic']] } });
});

test('offsets can be altered and reset while stopped, and only then', async () => {
  const name = uniqueName('offsets');
  const config = counting();
  const path = `/connectors/${name}`;
  const body = { offsets: [{ partition: { counter: 'one' }, offset: { position: 1000 } }] };
  await bench.call('POST', '/connectors', { name, config });
  await bench.until(`${path}/offsets`, moved);
  const refused = await bench.call('PATCH', `${path}/offsets`, body);
  assert.equal(refused.status, 400);
  assert.match(refused.body.message, new RegExp(`^Connectors must be in the STOPPED state .* '/connectors/${name}/stop' endpoint$`));
  assert.equal((await bench.call('PUT', `${path}/stop`)).status, 204);
  const stopped = (await bench.get(`${path}/status`)).body;
  assert.deepEqual([stopped.connector.state, stopped.tasks], ['STOPPED', []]);
  assert.equal(
    (await bench.call('PATCH', `${path}/offsets`, { offsets: [] })).body.message,
    'Partitions / offsets need to be provided for an alter offsets request',
  );
  const altered = await bench.call('PATCH', `${path}/offsets`, body);
  assert.equal(altered.status, 200, altered.text);
  assert.match(altered.body.message, /offsets for this connector have been altered successfully/);
  assert.deepEqual((await bench.get(`${path}/offsets`)).body, body);
  await bench.call('PUT', `${path}/resume`);
  await bench.until(`${path}/offsets`, (read) => read.offsets[0]?.offset.position > 1000);
  await bench.call('PUT', `${path}/stop`);
  const numbers = await committedNumbers(String(config['topic']));
  assert.ok(numbers.includes(1001) && !numbers.includes(1000), 'it went on from the altered position');
  assert.match((await bench.call('DELETE', `${path}/offsets`)).body.message, /have been reset successfully/);
  assert.deepEqual((await bench.get(`${path}/offsets`)).body, { offsets: [] });
});

test('a failed connector says why, restarts on demand, and leaves the others alone', async () => {
  const other = uniqueName('healthy');
  await bench.call('POST', '/connectors', { name: other, config: counting() });
  await bench.until(`/connectors/${other}/status`, running);
  const name = uniqueName('failing');
  const path = `/connectors/${name}`;
  await bench.call('POST', '/connectors', { name, config: counting({ fail: 'leak', password: 'pa55-w0rd' }) });
  const failed = await bench.until(`${path}/status`, (body) => body.tasks?.[0]?.state === 'FAILED');
  assert.equal(failed.connector.state, 'RUNNING', 'as in Kafka Connect the connector is not its task');
  assert.match(failed.tasks[0].trace, /^Error: server said: login "\[hidden\]" refused\n\tat /);
  assert.equal((await bench.get(`/connectors/${other}/status`)).body.tasks[0].state, 'RUNNING');
  const both = await bench.call('POST', `${path}/restart?includeTasks=true&onlyFailed=true`);
  assert.deepEqual([both.status, both.body.tasks[0].state], [202, 'RESTARTING']);
  await bench.until(`${path}/status`, (body) => body.tasks?.[0]?.state === 'FAILED');
  assert.equal((await bench.call('POST', `${path}/tasks/0/restart`)).status, 204);
  assert.equal((await bench.call('POST', `${path}/tasks/1/restart`)).body.message, `Unknown task: ${name}-1`);
  assert.equal((await bench.call('POST', `${path}/restart`)).status, 204);
  const healthy = await bench.call('POST', `/connectors/${other}/restart?includeTasks=true&onlyFailed=true`);
  assert.equal(healthy.body.tasks[0].state, 'RUNNING', 'what has not failed is not touched');

  await bench.call('PUT', `${path}/config`, counting({ fail: 'unreachable' }));
  const retrying = await bench.until(`${path}/status`, (body) => /nobody answers/.test(body.tasks?.[0]?.trace ?? ''));
  assert.equal(retrying.tasks[0].state, 'RUNNING', 'what may pass is retried');
  const limited = { fail: 'unreachable', 'errors.max.retries': '2', 'retriable.restart.connector.wait.ms': '1' };
  await bench.call('PUT', `${path}/config`, counting(limited));
  await bench.until(`${path}/status`, (body) => body.tasks?.[0]?.state === 'FAILED');
  await bench.call('PUT', `${path}/config`, counting());
  await bench.until(`${path}/offsets`, moved);
  assert.equal((await bench.get(`${path}/status`)).body.tasks[0].trace, undefined);
});

test('initial_state: stopped has no task, paused has one that does nothing', async () => {
  for (const [initial, tasks] of [
    ['stopped', 0],
    ['PAUSED', 1],
  ] as const) {
    const name = uniqueName('initial');
    assert.equal((await bench.call('POST', '/connectors', { name, config: counting(), initial_state: initial })).status, 201);
    const status = await bench.until(`/connectors/${name}/status`, state(initial.toUpperCase()));
    assert.equal(status.tasks.length, tasks);
    assert.deepEqual((await bench.get(`/connectors/${name}/offsets`)).body.offsets, []);
  }
  assert.equal((await bench.call('POST', '/connectors', { name: 'x', config: counting(), initial_state: 'FAST' })).status, 400);
});

test('unknown keys are a warning in status and log', async () => {
  const name = uniqueName('warned');
  await bench.call('POST', '/connectors', { name, config: counting({ 'my.label': 'x' }) });
  assert.deepEqual((await bench.get(`/connectors/${name}/status`)).body.connector.warnings, [
    "Unknown configuration 'my.label' has no effect.",
  ]);
  await bench.until(`/connectors/${name}/status`, running);
  assert.match(bench.log, /Unknown configuration 'my\.label' has no effect/);
});

test('metrics are Prometheus text with the names dashboards know, and go with their connector', async () => {
  const name = uniqueName('metered');
  await bench.call('POST', '/connectors', { name, config: counting() });
  await bench.until(`/connectors/${name}/offsets`, moved);
  const { text, headers } = await bench.get('/metrics');
  assert.match(headers.get('content-type') ?? '', /^text\/plain/);
  assert.match(text, /^kafka_connect_worker_connector_count \d+$/m);
  assert.match(text, new RegExp(`^kafka_connect_connector_task_status\\{connector="${name}",task="0",status="running"\\} 1$`, 'm'));
  assert.match(text, new RegExp(`^kafka_connect_source_task_source_record_write_total\\{connector="${name}",task="0"\\} [1-9]`, 'm'));
  await bench.call('DELETE', `/connectors/${name}`);
  assert.ok(!(await bench.get('/metrics')).text.includes(name));
});

test('levels of loggers are shown and changed, for the worker, all connectors or one', async () => {
  const name = uniqueName('logged');
  assert.equal((await bench.call('POST', '/connectors', { name, config: counting(), initial_state: 'STOPPED' })).status, 201);
  const own = `millrace.connectors.${name}`;
  const level = async (logger: string): Promise<unknown> => (await bench.get(`/admin/loggers/${logger}`)).body.level;
  const all = (await bench.get('/admin/loggers/')).body as Record<string, { level: string; last_modified: number | null }>;
  assert.deepEqual(Object.keys(all), Object.keys(all).toSorted());
  assert.deepEqual(all['root'], { level: 'TRACE', last_modified: null });
  for (const logger of ['org.apache.kafka.connect', 'io.debezium', 'io.debezium.connector.postgresql', own])
    assert.ok(logger in all, logger);
  const one = await bench.call('PUT', `/admin/loggers/${own}`, { level: 'warn' });
  assert.deepEqual([one.status, one.body], [200, [own]]);
  assert.deepEqual([await level(own), await level('root'), await level('millrace.connectors')], ['WARN', 'TRACE', 'TRACE']);
  assert.ok(Number((await bench.get(`/admin/loggers/${own}`)).body.last_modified) > 0);
  const debezium = await bench.call('PUT', '/admin/loggers/io.debezium.pipeline.ErrorHandler?scope=worker', { level: 'ERROR' });
  assert.ok(debezium.body.includes(own) && debezium.body.includes('io.debezium') && !debezium.body.includes('root'), debezium.text);
  const before = bench.log.length;
  const put = await bench.call('PUT', '/admin/loggers/root?scope=cluster', { level: 'TRACE' });
  assert.deepEqual([put.status, put.text, await level(own)], [204, '', 'TRACE']);
  assert.equal((await bench.call('PUT', '/admin/loggers/root?scope=planet', { level: 'TRACE' })).status, 200);
  assert.match(bench.log.slice(before), /unknown scope/);
  const errors: [string, unknown, number, string][] = [
    ['/admin/loggers/root', { level: 'LOUD' }, 404, "invalid log level 'LOUD'."],
    ['/admin/loggers/root', {}, 400, "Desired 'level' parameter was not specified in request."],
    ['/admin/loggers/no.such', { level: 'INFO' }, 404, 'Logger no.such not found.'],
  ];
  for (const [path, body, status, message] of errors) {
    const answer = await bench.call('PUT', path, body);
    assert.deepEqual([answer.status, answer.body], [status, { error_code: status, message }]);
  }
  assert.equal((await bench.get('/admin/loggers/no.such')).status, 404);
  await bench.call('DELETE', `/connectors/${name}`);
  await bench.until(`/admin/loggers/${own}`, (body) => body.error_code === 404);
});

test('a connector that claims the way has others stand still until it is gone; who may not be held is not', async () => {
  const create = async (role: string, extra: Record<string, unknown>): Promise<string> => {
    const name = uniqueName(role);
    await bench.call('POST', '/connectors', { name, config: counting(extra) });
    return name;
  };
  const urgent = await create('urgent', { claim: 'true' });
  await bench.until(`/connectors/${urgent}/offsets`, moved);
  const held = await create('held', {});
  const free = await create('free', { 'stand.still.for.others': 'false' });
  const unable = await create('unable', { 'can.wait': 'false' });
  const body = await bench.until(`/connectors/${held}/status`, ({ tasks }) => tasks?.[0]?.trace !== undefined);
  assert.equal(body.tasks[0].state, 'RUNNING');
  assert.match(body.tasks[0].trace, new RegExp(`Held up for the connector "${urgent}": it counts`));
  for (const name of [free, unable]) await bench.until(`/connectors/${name}/offsets`, moved);
  assert.ok(!moved((await bench.get(`/connectors/${held}/offsets`)).body));
  await bench.call('DELETE', `/connectors/${urgent}`);
  await bench.until(`/connectors/${held}/offsets`, moved);
  await bench.until(`/connectors/${held}/status`, ({ tasks }) => tasks[0].trace === undefined);
  for (const name of [held, free, unable]) await bench.call('DELETE', `/connectors/${name}`);
});
