import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import type { ConfigKey } from '../../../src/connect/plugin.ts';
import { Config } from '../../../src/connect/config.ts';
import { postgresSourcePlugin } from '../../../src/sources/postgres/plugin.ts';
import { parseSettings } from '../../../src/sources/postgres/settings.ts';
import { testConfig } from './test-settings.ts';

/** Every property of Debezium's Postgres connector, its default (null: none) and how many use it (P1: most). */
interface Property {
  readonly name: string;
  readonly default: string | null;
  readonly priority: 'P1' | 'P2' | 'P3';
}

const properties = JSON.parse(readFileSync(join(import.meta.dirname, 'debezium-properties.json'), 'utf8')) as readonly Property[];

/** Of every connector, whatever its source. */
const framework = new Set(['name', 'connector.class', 'tasks.max', 'errors.max.retries', 'retriable.restart.connector.wait.ms']);

/** Defaults that are meant to differ, with the reason. */
const otherDefaults: Readonly<Record<string, readonly [ours: string | null, why: string]>> = {
  'plugin.name': ['pgoutput', 'changes are always read by pgoutput'],
  'topic.naming.strategy': ['io.debezium.schema.SchemaTopicNamingStrategy', 'the whole class name'],
  'event.converting.failure.handling.mode': ['fail', 'no value is lost in silence'],
  'snapshot.max.threads': [null, "1 under Debezium's class name, more under millrace.PostgresSource"],
  'extended.headers.enabled': [null, "true under Debezium's class name, false under millrace.PostgresSource"],
};

function find(name: string): ConfigKey | undefined {
  const { configKeys } = postgresSourcePlugin;
  return configKeys.find((key) => key.name === name) ?? configKeys.find((key) => key.pattern?.test(name) === true);
}

test('every property of the reference is known', () => {
  assert.ok(properties.length > 140);
  const unknown = properties.filter(({ name }) => !framework.has(name) && find(name) === undefined);
  assert.deepEqual(
    unknown.map(({ name }) => name),
    [],
  );
});

test('with its default, unless there is a reason', () => {
  const used = new Set<string>();
  const differing: unknown[] = [];
  for (const { name, default: theirs } of properties) {
    const key = find(name);
    // A family has no default; neither has a key that is required.
    if (key === undefined || key.pattern !== undefined) continue;
    const other = otherDefaults[name];
    if (other !== undefined) used.add(name);
    const expected = other === undefined ? theirs : other[0];
    const found = key.default ?? null;
    if (found !== expected) differing.push({ name, found, expected });
  }
  assert.deepEqual(differing, []);
  assert.deepEqual([...used].sort(), Object.keys(otherDefaults).sort(), 'every reason is still needed');
});

/** Notes what is asked for. */
class AskedMap extends Map<string, string | null> {
  readonly asked = new Set<string>();

  override get(name: string): string | null | undefined {
    this.asked.add(name);
    return super.get(name);
  }

  override has(name: string): boolean {
    this.asked.add(name);
    return super.has(name);
  }
}

/** Of these only one value is taken, so there is nothing to ask. */
const oneValue = ['plugin.name', 'snapshot.query.mode', 'converters'];
/** The runtime asks for them (`connect/error-tolerance.ts`, `connect/sanitize-pattern.ts`, `connect/connector.ts`). */
const ofRuntime = [
  'custom.sanitize.pattern',
  'event.converting.failure.handling.mode',
  'event.processing.failure.handling.mode',
  'internal.custom.retriable.exception',
];

test('a key has an effect if and only if it is not said to be without one: it is asked for', () => {
  const { configKeys } = postgresSourcePlugin;
  const values = new AskedMap(
    [...configKeys].flatMap(({ name, pattern, default: value }) => (pattern === undefined ? [[name, value ?? null]] : [])),
  );
  // Some are asked for only where others want them.
  const wanting = {
    'snapshot.mode': 'configuration_based',
    'streaming.transactions': 'spill',
    'topic.naming.strategy': 'io.debezium.schema.SchemaRegexTopicNamingStrategy',
    'topic.regex': 'a',
    'topic.replacement': 'b',
    'topic.key.field.regex': 'c',
    'topic.key.field.replacement': 'd',
  };
  for (const [name, value] of testConfig(wanting).entries()) values.set(name, value);
  const settings = parseSettings('test', new Config(values));
  settings.snapshot.slicesPerThread('public.a');
  const wrong = configKeys.filter(
    ({ name, pattern, ignored }) => pattern === undefined && (ignored === undefined) !== values.asked.has(name),
  );
  assert.deepEqual(wrong.map(({ name }) => name).sort(), [...oneValue, ...ofRuntime].sort());
});

test('a property that most or many use has an effect, or says why it needs none', () => {
  for (const { name, priority } of properties) {
    const key = find(name);
    if (key === undefined || priority === 'P3') continue;
    if (key.ignored !== undefined) assert.ok(key.ignored.length > 10, name);
    const known = key.default ?? null;
    if (known !== null) assert.equal(key.check?.(known) ?? null, null, `the default of ${name} is taken`);
  }
});

test('what has no effect stands in the documentation, and nothing else stands there', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/debezium-compatibility.md'), 'utf8');
  const section = /^## Accepted without effect\n(.*?)^## /ms.exec(text)?.[1] ?? '';
  const told = [...section.matchAll(/`([a-z]+(?:\.[\w*]+)+)`/gi)].map(([, name]) => name);
  const ignored = postgresSourcePlugin.configKeys.filter((key) => key.ignored !== undefined).map(({ name }) => name);
  assert.deepEqual(new Set(told), new Set(ignored));
});
