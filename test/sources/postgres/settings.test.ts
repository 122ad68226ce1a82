import assert from 'node:assert/strict';
import { test } from 'node:test';

import { evaluateKeys } from '../../../src/connect/config-spec.ts';
import type { ConfigKey } from '../../../src/connect/plugin.ts';
import { silentLog, type Logger } from '../../../src/base/log.ts';
import { checkTableCount } from '../../../src/sources/postgres/preflight.ts';
import { accepts, compileNameList } from '../../../src/sources/postgres/name-list.ts';
import { captureKeys } from '../../../src/sources/postgres/capture-keys.ts';
import { connectionKeys } from '../../../src/sources/postgres/connection-keys.ts';
import { otherKeys } from '../../../src/sources/postgres/other-keys.ts';
import { postgresSourcePlugin } from '../../../src/sources/postgres/plugin.ts';
import { splitKeyColumns, splitPatterns, splitStatements } from '../../../src/sources/postgres/settings-syntax.ts';
import { snapshotKeys } from '../../../src/sources/postgres/snapshot-keys.ts';
import { TableFilter } from '../../../src/sources/postgres/table-filter.ts';
import { testConfig, testSettings } from './test-settings.ts';

const keys: readonly ConfigKey[] = [...connectionKeys, ...captureKeys, ...snapshotKeys, ...otherKeys];

function complaint(name: string, value: string): string | null | undefined {
  const key = keys.find((candidate) => (candidate.pattern === undefined ? candidate.name === name : candidate.pattern.test(name)));
  assert.ok(key !== undefined, name);
  return key.check?.(value) ?? null;
}

test('no key is declared twice, every default passes its own check, every key is documented', () => {
  assert.equal(new Set(keys.map((key) => key.name)).size, keys.length);
  for (const key of keys) {
    assert.match(key.doc, /\.$/, key.name);
    if (typeof key.default === 'string') assert.equal(key.check?.(key.default) ?? null, null, key.name);
    if (key.oneOf !== undefined && typeof key.default === 'string') assert.ok(key.oneOf.includes(key.default), key.name);
  }
});

test('values that a key alone can refuse', () => {
  const refused: readonly (readonly [key: string, value: string, why: RegExp])[] = [
    ['plugin.name', 'wal2json', /Set "plugin.name" to "pgoutput"/],
    ['plugin.name', 'pgoutput2', /Set "plugin.name" to "pgoutput"/],
    ['slot.name', '', /1 to 63/],
    ['slot.name', 'My-Slot', /lower-case/],
    ['slot.name', 'x'.repeat(64), /1 to 63/],
    ['topic.prefix', 'a b', /letters, digits/],
    ['topic.prefix', '..', /not a name/],
    ['topic.prefix', '.', /not a name/],
    ['table.include.list', 'public.(a', /not a regular expression/],
    ['message.key.columns', 'public.a', /of the form/],
    ['message.key.columns', ':x', /of the form/],
    ['message.key.columns', 'public.b:y;public.(a:x', /not a regular expression/],
    ['skipped.operations', 'c,none', /stands alone/],
    ['skipped.operations', 'x', /may hold/],
    ['replica.identity.autoset.values', 'public.a:SOME', /not of the form/],
    ['replica.identity.autoset.values', 'public.a:INDEX', /not of the form/],
    ['replica.identity.autoset.values', 'public.b:FULL,public.(a:FULL', /not a regular expression/],
    ['internal.custom.retriable.exception', '(', /not a regular expression/],
    ['unavailable.value.placeholder', 'hex:0g', /hexadecimal/],
    ['snapshot.mode', 'custom', /Java class/],
    ['converters', 'mine', /not supported yet/],
    ['signal.enabled.channels', 'source,mine', /no channel "mine"/],
    ['notification.enabled.channels', 'log,mine', /no channel "mine"/],
  ];
  for (const [key, value, why] of refused) assert.match(complaint(key, value) ?? '', why, `${key}=${value}`);
  const accepted: readonly (readonly [key: string, value: string])[] = [
    ['plugin.name', 'PGOUTPUT'],
    ['plugin.name', 'decoderbufs'],
    ['slot.name', 'a_1'],
    ['slot.name', 'x'.repeat(63)],
    ['table.include.list', 'public\\..*,a\\.b{1\\,2}'],
    ['message.key.columns', 'public.a:x,y;public.b:z'],
    ['replica.identity.autoset.values', 'public.a:FULL,public.b:index by_name'],
    ['skipped.operations', 'none'],
    ['snapshot.mode', 'configuration_based'],
    ['snapshot.mode', 'schema_only'],
  ];
  for (const [key, value] of accepted) assert.equal(complaint(key, value), null, `${key}=${value}`);
  for (const name of ['delimiter', 'transaction', 'heartbeat.prefix', 'heartbeat.name'].map((key) => `topic.${key}`))
    assert.match(complaint(name, 'a/b') ?? '', /letters, digits/, name);
});

test('numbers that make no sense are refused', () => {
  const numbers = keys.filter(({ type, ignored, pattern }) => /INT|LONG/.test(type) && ignored === undefined && pattern === undefined);
  const refuses = (name: string, value: string): boolean => {
    const own = numbers.filter((key) => key.name === name);
    return evaluateKeys(own, { [name]: value }, {}).infos.some((info) => info.value.errors.length > 0);
  };
  assert.ok(numbers.length > 20);
  for (const { name } of numbers) assert.ok(refuses(name, '-1'), name);
  const positive = ['database.port', 'status.update.interval.ms', 'connection.validation.timeout.ms', 'snapshot.max.threads'];
  for (const name of positive) assert.deepEqual([refuses(name, '0'), refuses(name, '1')], [true, false], name);
  for (const name of ['guardrail.collections.max', 'slot.max.retries', 'heartbeat.interval.ms']) assert.ok(!refuses(name, '0'), name);
  for (const [name, most] of [
    ['database.port', 65_535],
    ['snapshot.max.threads', 64],
  ] as const) {
    assert.deepEqual([refuses(name, String(most)), refuses(name, String(most + 1))], [false, true], name);
  }
});

test('values that are taken, with a word about them', () => {
  const notices: readonly (readonly [key: string, value: string, text: RegExp | null])[] = [
    ['plugin.name', 'decoderbufs', /read by pgoutput.*"publication.name"/],
    ['plugin.name', 'pgoutput', null],
    ['signal.enabled.channels', 'source, JMX', /^"jmx": .*POST \/connectors\/<name>\/signals/],
    ['signal.enabled.channels', 'in-process,jmx', /^"in-process", "jmx": /],
    ['signal.enabled.channels', 'source,kafka,file', null],
    ['notification.enabled.channels', 'jmx,sink', /^"jmx": .*GET \/connectors\/<name>\/status/],
    ['notification.enabled.channels', 'sink,log', null],
  ];
  for (const [name, value, text] of notices) {
    const notice = keys.find((key) => key.name === name)?.notice?.(value) ?? null;
    if (text === null) assert.equal(notice, null, `${name}=${value}`);
    else assert.match(notice ?? '', text);
  }
});

test('of channels the others of the list work', () => {
  const { signals, notifications } = testSettings({
    'signal.enabled.channels': 'jmx,in-process,Kafka',
    'notification.enabled.channels': 'jmx,log',
  });
  assert.deepEqual([...signals.channels, ...notifications.channels], ['kafka', 'log']);
});

function issue(extra: Readonly<Record<string, string>>): string[] {
  return (postgresSourcePlugin.validate?.(testConfig(extra)) ?? []).map(({ key }) => key);
}

test('rules across keys', () => {
  assert.deepEqual(issue({}), []);
  for (const what of ['schema', 'table', 'column', 'message.prefix']) {
    const [include, exclude] = [`${what}.include.list`, `${what}.exclude.list`];
    assert.deepEqual(issue({ [include]: 'a', [exclude]: 'b' }), [exclude]);
    assert.deepEqual(issue({ [include]: 'a', [exclude]: '' }), []);
  }
  assert.deepEqual(issue({ 'column.include.list': 'a', 'schema.exclude.list': 'b' }), []);
  assert.deepEqual(issue({ 'snapshot.select.statement.overrides': 'public.a' }), ['snapshot.select.statement.overrides.public.a']);
  for (const one of ['sslcert', 'sslkey']) assert.deepEqual(issue({ [`database.${one}`]: 'a.pem' }), ['database.sslcert']);
  assert.deepEqual(issue({ 'database.sslcert': 'a.pem', 'database.sslkey': 'b.pem' }), []);
  assert.deepEqual(issue({ 'slot.failover': 'true', 'slot.drop.on.stop': 'true' }), []);
  const letters = { 'schema.change.refused.policy': 'Dead_Letter' };
  const topic = { 'errors.deadletterqueue.topic.name': 'letters' };
  for (const lacking of [letters, { ...letters, ...topic }, { ...letters, 'errors.tolerance': 'ALL' }]) {
    assert.deepEqual(issue(lacking), ['schema.change.refused.policy']);
  }
  assert.deepEqual(issue({ ...letters, ...topic, 'errors.tolerance': 'ALL' }), []);
  assert.deepEqual(issue({ 'column.mask.with.5.chars': 'a', 'column.mask.hash.v2.SHA-256.with.salt.a.b c': 'b' }), []);
  const reselect = 'io.debezium.processors.reselect.ReselectColumnsPostProcessor';
  const processor = { 'post.processors': 'r', 'post.processors.r.type': reselect };
  assert.deepEqual(issue({ ...processor, 'post.processors.r.reselect.cache.enabled': 'true' }), []);
  assert.deepEqual(issue({ 'post.processors': 'r', 'r.type': reselect, 'r.reselect.columns.include.list': 'public.a:b' }), []);
  for (const extra of [
    { 'post.processors': 'r' },
    { 'post.processors': 'r,s', 'r.type': reselect, 's.type': reselect },
    { 'post.processors': 'r', 'r.type': 'com.example.Mine' },
    { ...processor, 'post.processors.r.reselect.null.values': 'yes' },
    { ...processor, 'post.processors.r.reselect.error.handling.mode': 'ignore' },
    { ...processor, 'post.processors.r.reselect.columns.exclude.list': '(' },
    { ...processor, 'post.processors.r.reselect.nulls': 'true' },
  ])
    assert.deepEqual(issue(extra), ['post.processors'], JSON.stringify(extra));
  for (const key of ['column.mask.with.x.chars', 'column.mask.hash.SHA-257.with.salt.x', 'column.mask.hash.v3.MD5.with.salt.x']) {
    assert.deepEqual(issue({ [key]: 'a' }), [key]);
  }
  assert.throws(() => testSettings({ 'table.include.list': 'a', 'table.exclude.list': 'b' }), { code: 'config.invalid' });
});

test('lists match whole names without letter case, and an escaped comma belongs to its expression', () => {
  assert.deepEqual(splitPatterns(' a , b{1\\,2} ,,'), ['a', 'b{1,2}']);
  const list = compileNameList(['public\\.ord.*', 'a|b'], []);
  assert.deepEqual(
    ['PUBLIC.orders', 'xpublic.orders', 'a', 'b', 'ab'].map((name) => accepts(list, name)),
    [true, false, true, true, false],
  );
  assert.equal(accepts(compileNameList([], ['a']), 'b'), true);
  assert.equal(accepts(compileNameList([], ['a']), 'A'), false);
});

test('statements, key columns and the filters of tables', () => {
  assert.deepEqual(splitStatements(`SET a = 1; SELECT ';;' ;`), ['SET a = 1', `SELECT ';'`]);
  assert.deepEqual(splitKeyColumns('a.b:x, y;c.(d:?):z'), [
    { tables: 'a.b', columns: ['x', 'y'] },
    { tables: 'c.(d:?)', columns: ['z'] },
  ]);
  const filter = new TableFilter(
    testSettings({ 'schema.exclude.list': 'audit', 'column.exclude.list': '.*\\.secret', 'snapshot.include.collection.list': 'public.a' }),
  );
  assert.equal(filter.acceptsTable('public', 'a'), true);
  assert.equal(filter.acceptsTable('AUDIT', 'a'), false);
  assert.equal(filter.acceptsTable('public', 'spatial_ref_sys'), false);
  assert.equal(filter.acceptsTable('pg_temp_3', 'a'), false);
  assert.equal(filter.acceptsColumn('public', 'a', 'secret'), false);
  assert.equal(filter.acceptsSnapshot('public', 'b'), false);
});

test('a list that takes in more tables than the guardrail allows is told, or refused', () => {
  const said: object[] = [];
  const log = { ...silentLog, warn: (facts: object) => said.push(facts) } as unknown as Logger;
  const check = (count: number, extra: Record<string, string>): void => checkTableCount(testSettings(extra).tables, count, log);
  const fail = { 'guardrail.collections.max': '2', 'guardrail.collections.limit.action': 'fail' };
  check(1000, {});
  check(2, fail);
  assert.throws(() => check(3, fail), { code: 'config.invalid', message: /take in 3 tables/ });
  assert.deepEqual(said, []);
  check(3, { 'guardrail.collections.max': '2' });
  assert.deepEqual(said, [{ tables: 3 }]);
});

function heartbeatTopic(extra: Readonly<Record<string, string>>): string {
  return testSettings(extra).records.topics.heartbeats;
}

test('the xmin of the slot is not asked for, or at an interval that a timer can have', () => {
  const intervals = ['0', '60000', '9000000000000'].map((text) => testSettings({ 'xmin.fetch.interval.ms': text }).stream.xminIntervalMs);
  assert.deepEqual(intervals, [0, 60_000, 2_147_483_647]);
});

test('tables are read by one connection each under either name of that property', () => {
  assert.ok(testSettings().snapshot.splitTables);
  for (const name of ['legacy.snapshot.max.threads', 'internal.legacy.snapshot.max.threads']) {
    assert.ok(!testSettings({ [name]: 'true' }).snapshot.splitTables, name);
  }
});

test('the heartbeat topic: by its prefix, the older name of that, or its whole name', () => {
  assert.equal(heartbeatTopic({}), '__debezium-heartbeat.shop');
  assert.equal(heartbeatTopic({ 'topic.heartbeat.prefix': 'beat', 'topic.delimiter': '_' }), 'beat_shop');
  assert.equal(heartbeatTopic({ 'heartbeat.topics.prefix': 'old' }), 'old.shop');
  assert.equal(heartbeatTopic({ 'topic.heartbeat.name': 'pulse', 'topic.heartbeat.prefix': 'beat' }), 'pulse');
});

function newTables(more: Record<string, string>): string {
  return testSettings({ 'connector.class': 'millrace.PostgresSource', ...more }).snapshot.newTables;
}

test('the class name decides about dialect, context headers and new tables', () => {
  assert.deepEqual([testSettings().dialect, testSettings().records.contextHeaders], ['debezium', true]);
  const own = testSettings({ 'connector.class': 'millrace.PostgresSource' });
  assert.deepEqual([own.dialect, own.records.contextHeaders], ['millrace', false]);
  assert.deepEqual(
    [testSettings({ 'snapshot.mode': 'initial' }).snapshot.newTables, newTables({ 'snapshot.mode': 'initial' })],
    ['stream_only', 'backfill'],
  );
  assert.equal(newTables({ 'snapshot.mode': 'no_data' }), 'stream_only', 'whoever wants no rows');
  assert.equal(newTables({ 'snapshot.mode': 'initial', 'snapshot.new.tables': 'stream_only' }), 'stream_only');
  assert.deepEqual(testSettings({ 'skipped.operations': 'none' }).stream.skippedOperations.size, 0);
});

test('what is read again: by a post processor in both ways of naming its options, or by a property of its own', () => {
  const type = 'io.debezium.processors.reselect.ReselectColumnsPostProcessor';
  assert.equal(testSettings().reselect, null);
  const own = testSettings({ 'unavailable.values.reselect': 'true' }).reselect;
  assert.deepEqual([own?.unavailable, own?.nulls, own?.missingRow, own?.refusedQuery], [true, false, 'keep', 'fail']);
  const byDefault = testSettings({ 'post.processors': 'r', 'r.type': type }).reselect;
  assert.deepEqual([byDefault?.unavailable, byDefault?.nulls, byDefault?.byEventKey, byDefault?.missingRow], [true, true, false, 'warn']);
  // The new way hides the old one.
  const options = {
    'post.processors.r.type': type,
    'post.processors.r.reselect.error.handling.mode': 'FAIL',
    'r.reselect.null.values': 'false',
  };
  const named = testSettings({ 'post.processors': 'r', ...options }).reselect;
  assert.deepEqual([named?.nulls, named?.missingRow, named?.refusedQuery], [true, 'fail', 'fail']);
  const nothing = { 'r.type': type, 'r.reselect.null.values': 'false', 'r.reselect.unavailable.values': 'false' };
  assert.equal(testSettings({ 'post.processors': 'r', ...nothing }).reselect, null);
});
