import assert from 'node:assert/strict';
import { test } from 'node:test';

import { topicNaming } from '../../../src/sources/postgres/topic-naming.ts';
import { postgresSourcePlugin } from '../../../src/sources/postgres/plugin.ts';
import { Config } from '../../../src/connect/config.ts';

function configOf(extra: Readonly<Record<string, string>>): Config {
  const defaults = postgresSourcePlugin.configKeys.map(({ name, default: value }) => [name, value ?? null] as const);
  return new Config(new Map([...defaults, ['topic.prefix', 'shop'], ...Object.entries(extra)]));
}

const named = (extra: Readonly<Record<string, string>>): string => topicNaming(configOf(extra)).table('my schema', 'a_b');

test('topics by every strategy that Debezium has', () => {
  const names = ['Schema', 'Default'].flatMap((parts) =>
    ['', 'Regex', 'Unicode'].map((how) =>
      named({
        'topic.naming.strategy': `io.debezium.schema.${parts}${how}TopicNamingStrategy`,
        'topic.regex': String.raw`shop\.(.*)`,
        'topic.replacement': 'all-$1',
      }),
    ),
  );
  assert.deepEqual(names, [
    'shop.my_schema.a_b',
    'all-my_schema.a_b',
    'shop.my_u0020schema.a_u005fb',
    'shop.a_b',
    'all-a_b',
    'shop.a_u005fb',
  ]);
});

test('a regular expression has to match the whole name, and keys tell the table', () => {
  const regex = { 'topic.naming.strategy': 'io.debezium.schema.SchemaRegexTopicNamingStrategy' };
  assert.equal(named({ ...regex, 'topic.regex': 'shop', 'topic.replacement': 'x' }), 'shop.my_schema.a_b');
  const naming = (extra: Readonly<Record<string, string>>): unknown =>
    topicNaming(configOf({ ...regex, 'topic.regex': 'x', 'topic.replacement': 'y', ...extra })).tableField?.value('public', 't');
  assert.equal(naming({}), 'shop.public.t');
  assert.equal(naming({ 'topic.key.field.regex': '(.*)public(.*)', 'topic.key.field.replacement': '$1$2' }), 'shop..t');
  assert.equal(naming({ 'topic.key.enforce.uniqueness': 'false' }), undefined);
});

function issues(extra: Readonly<Record<string, string>>): unknown {
  return postgresSourcePlugin.validate?.(configOf({ 'database.hostname': 'h', ...extra })).map(({ key }) => key);
}

test('what a strategy needs and what cannot be loaded is said with the config', () => {
  const regex = { 'topic.naming.strategy': 'io.debezium.schema.SchemaRegexTopicNamingStrategy' };
  assert.deepEqual(issues(regex), ['topic.regex', 'topic.replacement']);
  assert.deepEqual(issues({ ...regex, 'topic.regex': '(a', 'topic.replacement': 'b' }), ['topic.regex']);
  assert.deepEqual(issues({ ...regex, 'topic.regex': 'a', 'topic.replacement': '$1' }), ['topic.regex']);
  const strategy = postgresSourcePlugin.configKeys.find(({ name }) => name === 'topic.naming.strategy');
  assert.match(strategy?.check?.('com.example.Naming') ?? '', /cannot be loaded/);
});
