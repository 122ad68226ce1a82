import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConnector, invalidConfig, type CheckedConnector } from '../../src/connect/connector-check.ts';
import { ConfigProviders } from '../../src/connect/config-provider.ts';
import type { RawConfig } from '../../src/connect/config-spec.ts';
import { Plugins } from '../../src/connect/plugins.ts';
import { SecretScrubber } from '../../src/connect/secret-scrubber.ts';
import { predicatePlugins, transformPlugins } from '../../src/connect/transforms/catalog.ts';
import { avroConverterPlugin } from '../../src/avro/avro-converter.ts';
import { countingSourcePlugin } from './counting-source.ts';

const plugins = new Plugins({
  version: '1',
  sources: [countingSourcePlugin],
  converters: [avroConverterPlugin],
  headerConverters: [],
  transforms: transformPlugins,
  predicates: predicatePlugins,
});

const minimal = { name: 'c', 'connector.class': 'test.CountingConnector', topic: 't' };

function check(config: RawConfig, exactlyOnce = true): CheckedConnector {
  const providers = new ConfigProviders({}, { TOPIC: 'forbidden', PASSWORD: 'pa55word' });
  return checkConnector(config, { plugins, providers, scrubber: new SecretScrubber(), exactlyOnce });
}

function errors(config: RawConfig, exactlyOnce = true): string[] {
  return check({ ...minimal, ...config }, exactlyOnce).infos.configs.flatMap((info) => info.value.errors);
}

test('a minimal config is valid and has every default', () => {
  const { infos, config, warnings } = check(minimal);
  assert.deepEqual([infos.error_count, warnings], [0, []]);
  assert.equal(config.int('tasks.max'), 1);
  assert.equal(config.int('pace.ms'), 1);
  assert.deepEqual(infos.groups, [
    'Common',
    'Transforms',
    'Predicates',
    'Error Handling',
    'Topic Creation',
    'Exactly Once Support',
    'offsets.topic',
    'Counting',
  ]);
  const names = infos.configs.map((info) => info.value.name);
  assert.deepEqual(names.slice(0, 4), ['name', 'connector.class', 'tasks.max', 'tasks.max.enforce']);
  assert.equal(new Set(names).size, names.length, 'each key once');
});

test('framework keys have the defaults, types and groups of Kafka Connect', () => {
  const definitions = new Map(check(minimal).infos.configs.map(({ definition }) => [definition?.name, definition]));
  const expected: [string, string, boolean, string | null, string, string, string][] = [
    ['name', 'STRING', true, null, 'HIGH', 'Common', 'MEDIUM'],
    ['connector.class', 'STRING', true, null, 'HIGH', 'Common', 'LONG'],
    ['tasks.max', 'INT', false, '1', 'HIGH', 'Common', 'SHORT'],
    ['key.converter', 'CLASS', false, null, 'LOW', 'Common', 'SHORT'],
    ['transforms', 'LIST', false, '', 'LOW', 'Transforms', 'LONG'],
    ['errors.retry.timeout', 'LONG', false, '0', 'MEDIUM', 'Error Handling', 'MEDIUM'],
    ['errors.max.retries', 'INT', false, '-1', 'MEDIUM', 'Error Handling', 'SHORT'],
    ['retriable.restart.connector.wait.ms', 'LONG', false, null, 'MEDIUM', 'Error Handling', 'SHORT'],
    ['errors.tolerance', 'STRING', false, 'none', 'MEDIUM', 'Error Handling', 'SHORT'],
    ['topic.creation.groups', 'LIST', false, '', 'LOW', 'Topic Creation', 'LONG'],
    ['exactly.once.support', 'STRING', false, 'requested', 'MEDIUM', 'Exactly Once Support', 'SHORT'],
    ['offsets.storage.topic', 'STRING', false, null, 'LOW', 'offsets.topic', 'LONG'],
  ];
  for (const [name, type, required, value, importance, group, width] of expected) {
    const found = definitions.get(name);
    assert.deepEqual(
      [found?.type, found?.required, found?.default_value, found?.importance, found?.group, found?.width],
      [type, required, value, importance, group, width],
      name,
    );
  }
});

test('complaints of the framework have the words of Kafka Connect', () => {
  const cases: [RawConfig, string][] = [
    [{ name: '' }, 'Invalid value  for configuration name: String must be non-empty'],
    [
      { name: 'a\u0007b' },
      'Invalid value a\u0007b for configuration name: String may not contain control sequences but had the following ASCII chars: 7',
    ],
    [{ 'tasks.max': '0' }, 'Invalid value 0 for configuration tasks.max: Value must be at least 1'],
    [
      { transforms: 'a,a', 'transforms.a.type': 'org.apache.kafka.connect.transforms.Filter' },
      'Invalid value a,a for configuration transforms: Duplicate alias provided.',
    ],
    [{ transforms: 'a' }, 'Missing required configuration "transforms.a.type" which has no default value.'],
    [
      { 'topic.creation.default.partitions': '0', 'topic.creation.default.replication.factor': '1' },
      "Invalid value 0 for configuration topic.creation.default.partitions: Number of partitions must be positive, or -1 to use the broker's default",
    ],
    [
      { 'topic.creation.default.partitions': '1' },
      'Missing required configuration "topic.creation.default.replication.factor" which has no default value.',
    ],
    [
      { transforms: 'f', 'transforms.f.type': 'org.apache.kafka.connect.transforms.Filter', 'transforms.f.negate': 'true' },
      "Config 'transforms.f.negate' was provided but there is no config 'transforms.f.predicate' defining a predicate to be negated.",
    ],
    [{ topic: null }, 'Null value can not be supplied as the configuration value.'],
    [{ topic: 'forbidden' }, 'The topic forbidden is forbidden.'],
    [
      { 'key.converter': 'io.confluent.connect.avro.AvroConverter' },
      'Missing required configuration "key.converter.schema.registry.url" which has no default value.',
    ],
  ];
  for (const [config, expected] of cases) assert.deepEqual(errors(config), [expected], JSON.stringify(config));
  assert.deepEqual(errors({ 'exactly.once.support': 'required' }, false), [
    'This worker does not have exactly-once source support enabled.',
  ]);
  assert.deepEqual(errors({ 'exactly.once.support': 'required' }, true), []);
});

test('a class that is not there is told with those that are', () => {
  assert.deepEqual(errors({ 'key.converter': 'com.acme.X' }), [
    'Invalid value com.acme.X for configuration key.converter: Class com.acme.X could not be found. There are AvroConverter; no others can be loaded.',
  ]);
  const [told = ''] = errors({ transforms: 'u', 'transforms.u.type': 'io.debezium.transforms.UnwrapFromEnvelope' });
  assert.match(told, /^Invalid value .*\.UnwrapFromEnvelope could not be found\. There are .*\bExtractNewRecordState\b/);
});

test('a key that nearly is a known one is an error, any other unknown key a warning', () => {
  const cases: [string, string][] = [
    ['tpoic', 'topic'],
    ['tasks.maxx', 'tasks.max'],
    ['errors.tolerence', 'errors.tolerance'],
    ['value.convertr', 'value.converter'],
  ];
  for (const [key, meant] of cases) assert.deepEqual(errors({ [key]: 'x' }), [`Unknown configuration '${key}': did you mean '${meant}'?`]);
  const near = {
    'topic.creation.default.partitions': '1',
    'topic.creation.default.replication.factor': '1',
    'topic.creation.default.partition': '3',
  };
  assert.deepEqual(errors(near), [
    "Unknown configuration 'topic.creation.default.partition': did you mean 'topic.creation.default.partitions'?",
  ]);
  assert.deepEqual(check({ ...minimal, 'consumer.lag': 'x' }).warnings, ["Unknown configuration 'consumer.lag' has no effect."]);
  assert.deepEqual(check({ ...minimal, 'old.option': 'x' }).warnings, [
    "Configuration 'old.option' has no effect here: it never did anything.",
  ]);
  assert.deepEqual(errors({ 'config.unknown': 'fail', 'consumer.lag': 'x' }), ["Unknown configuration 'consumer.lag'."]);
  assert.deepEqual(errors({ 'config.unknown': 'ignore', tpoic: 'x' }), []);
  const converter = {
    'value.converter': 'io.confluent.connect.avro.AvroConverter',
    'value.converter.schema.registry.url': 'http://r',
    'value.converter.schema.registry.ur': 'x',
  };
  assert.deepEqual(errors(converter), [
    "Unknown configuration 'value.converter.schema.registry.ur': did you mean 'value.converter.schema.registry.url'?",
  ]);
  assert.match(
    check({ ...minimal, 'value.converter.schemas.enable': 'false' }).warnings.join(),
    /has no effect without 'value\.converter'/,
  );
});

test('a transform that does nothing here is accepted with a warning', () => {
  const { infos, warnings } = check({
    ...minimal,
    transforms: 't',
    'transforms.t.type': 'io.debezium.transforms.tracing.ActivateTracingSpan',
  });
  assert.equal(infos.error_count, 0);
  assert.deepEqual(warnings, ["Transform 't' has no effect here: there is no tracer, so that records get no span and no headers of one."]);
});

test('families are known: client overrides and settings of topics', () => {
  const config = {
    'producer.override.linger.ms': '5',
    'topic.creation.groups': 'big',
    'topic.creation.default.partitions': '1',
    'topic.creation.default.replication.factor': '-1',
    'topic.creation.default.cleanup.policy': 'compact',
    'topic.creation.big.include': 'a.*',
    'topic.creation.big.max.message.bytes': '1000000',
  };
  const checked = check({ ...minimal, ...config });
  assert.deepEqual([checked.infos.error_count, checked.warnings], [0, []]);
  assert.deepEqual(errors({ ...config, 'topic.creation.big.include': '(' }), [
    'Invalid value ( for configuration topic.creation.big.include: Syntax error in regular expression: (',
  ]);
});

test('references are resolved for checking and never shown', () => {
  const { infos, config } = check({ ...minimal, topic: '${env:TOPIC}', password: '${env:PASSWORD}' });
  assert.deepEqual(
    infos.configs.flatMap((info) => info.value.errors),
    ['The topic forbidden is forbidden.'],
  );
  assert.equal(infos.configs.find((info) => info.value.name === 'topic')?.value.value, '${env:TOPIC}');
  assert.equal(config.secret('password')?.reveal(), 'pa55word');
  assert.doesNotMatch(JSON.stringify(infos), /pa55word/);
  assert.throws(() => check({ ...minimal, password: '${env:NONE}' }), /Configuration "password" refers to \$\{env:NONE\}/);
});

test('the refusal lists all errors in one text', () => {
  const { infos } = check({ ...minimal, 'tasks.max': 'x', fail: 'maybe' });
  assert.equal(
    invalidConfig(infos).message,
    'Connector configuration is invalid and contains the following 2 error(s):\n' +
      'Invalid value x for configuration tasks.max: Not a number of type INT\n' +
      'Invalid value maybe for configuration fail: String must be one of: no, unreachable, leak\n' +
      'You can also find the above list of errors at the endpoint `/connector-plugins/{connectorType}/config/validate`',
  );
});

test('nothing to check: no class, an unknown class; aliases are found', () => {
  assert.throws(() => check({ name: 'c', password: 'x1234' }), {
    status: 400,
    message: 'Connector config {name, password} contains no connector type',
  });
  assert.throws(
    () => check({ 'connector.class': 'Foo' }),
    (error: Error & { status: number }) => {
      assert.equal(error.status, 500);
      return error.message.startsWith(
        'Failed to find any class that implements Connector and which name matches Foo, available connectors are: PluginDesc{klass=',
      );
    },
  );
  for (const alias of ['test.CountingConnector', 'CountingConnector', 'Counting'])
    assert.equal(check({ ...minimal, 'connector.class': alias }).infos.error_count, 0);
});
