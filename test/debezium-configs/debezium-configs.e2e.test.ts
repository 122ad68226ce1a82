import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';

import kafkajs from 'kafkajs';

import { makeCertificates, withoutOpenssl } from '../support/certificates.ts';
import { CommittedReader, type CommittedRecord } from '../support/committed-reader.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { slotStreams } from '../support/debezium-connector.ts';
import { stack } from '../support/stack.ts';
import { openTlsFront, type TlsFront } from '../support/tls-front.ts';
import { uniqueName } from '../support/unique-name.ts';
import { WorkerProcess } from '../support/worker-process.ts';
import { configFixture, fieldConfigs, type FieldConfig } from './config-fixtures.ts';

// One of the configs asks for it, and kafkajs does not bring it.
kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
  compress: () => Promise.reject(new Error('only read here')),
  decompress: (bytes: Buffer) => Promise.resolve(zstdDecompressSync(bytes)),
});

/** A server of the tests has 20 slots. */
const together = 7;

interface Surroundings {
  /** Where the files of a config lie here. */
  readonly folder: string;
  readonly worker: WorkerProcess;
  readonly front: TlsFront | null;
}

interface Stage {
  readonly name: string;
  /** Topic prefix, slot and connector. */
  readonly prefix: string;
  readonly database: Database;
}

const isTls = (config: FieldConfig): boolean => /^(require|verify)/.test(String(config['database.sslmode'] ?? ''));

/**
 * What has to be another in a test than in the field, and nothing else: addresses, log-in, paths of files, the number of brokers,
 * and names that all of a server or cluster share (the slot, and the topic prefix wherever a word begins with it and no dot is before it).
 */
function placed(config: FieldConfig, { prefix, database }: Stage, { folder, front }: Surroundings): FieldConfig {
  const word = new RegExp(String.raw`(?<![\w.\\])${String(config['topic.prefix'])}\b`, 'g');
  const text = (key: string, value: string): string => {
    if (key.endsWith('.replication.factor')) return '1';
    return value
      .replaceAll('http://registry:8081', stack.registry)
      .replaceAll('http://apicurio:8080', new URL(stack.registry).origin)
      .replaceAll('kafka:9092', stack.kafka)
      .replaceAll(/\/(?:run\/secrets|etc\/kafka-connect\/tls)(?=\/)/g, folder)
      .replaceAll(word, prefix);
  };
  const entries = Object.entries(config).map(([key, value]) => [key, typeof value === 'string' ? text(key, value) : value] as const);
  const given: Record<string, string | number> = {
    'database.hostname': database.host,
    'database.port': isTls(config) && front !== null ? front.port : database.port,
    'database.user': database.user,
    'database.password': database.password,
    'database.dbname': database.name,
    'slot.name': prefix,
  };
  const references = entries.filter(([key, value]) => Object.hasOwn(given, key) && String(value).startsWith('${'));
  return { ...Object.fromEntries(entries), ...given, ...Object.fromEntries(references) };
}

async function prepare(name: string): Promise<Stage> {
  const stage = { name, prefix: uniqueName('cfg'), database: await createDatabase() };
  await stage.database.query(configFixture(name).setup.replaceAll('PFX', stage.prefix));
  return stage;
}

async function create(stage: Stage, around: Surroundings): Promise<void> {
  const { name, prefix, database } = stage;
  const config = placed(fieldConfigs[name] ?? {}, stage, around);
  const headers = { 'content-type': 'application/json' };
  await around.worker.rest('/connectors', { method: 'POST', headers, body: JSON.stringify({ name: prefix, config }) });
  for (const end = performance.now() + 180_000; !(await slotStreams(database, prefix));) {
    const status = await around.worker.rest<unknown>(`/connectors/${prefix}/status`);
    assert.ok(performance.now() < end, `"${name}" does not stream: ${JSON.stringify(status)}`);
    assert.doesNotMatch(JSON.stringify(status), /"FAILED"/, name);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await database.query(configFixture(name).changes.replaceAll('PFX', prefix));
}

/** By topic, the records that the config's fixture speaks of. */
function topicsOf({ name, prefix }: Stage): [topic: string, texts: readonly string[] | null][] {
  return Object.entries(configFixture(name).topics).map(([topic, texts]) => [topic.replaceAll('PFX', prefix), texts]);
}

function holds({ rawKey, rawValue }: CommittedRecord, text: string): boolean {
  return rawValue?.includes(text) === true || rawKey?.includes(text) === true;
}

const inOrder = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

async function checkRecords(stages: readonly Stage[]): Promise<void> {
  const expected = stages.flatMap((stage) => topicsOf(stage).map(([topic, texts]) => ({ name: stage.name, topic, texts })));
  await using reader = await CommittedReader.open(
    expected.map(({ topic }) => topic),
    180_000,
    false,
  );
  const lacking = (): string[] =>
    expected
      .filter(({ topic, texts }) => reader.records.filter((record) => record.topic === topic).length < (texts?.length ?? 1))
      .map(({ name, topic }) => `${name}: ${topic}`);
  await reader.until(
    () => lacking().length === 0,
    () => `records are lacking of ${lacking().join(', ')}`,
  );
  await reader.toEnd();
  for (const { name, topic, texts } of expected) {
    if (texts === null) continue;
    const found = reader.records.filter((record) => record.topic === topic);
    const told = found.map((record) => texts.find((text) => holds(record, text)) ?? 'none of them');
    assert.deepEqual(told.toSorted(inOrder), texts.toSorted(inOrder), `${name}: ${topic}`);
  }
}

async function run(names: readonly string[], around: Surroundings): Promise<void> {
  const stages: Stage[] = [];
  try {
    for (const name of names) stages.push(await prepare(name));
    await Promise.all(stages.map((stage) => create(stage, around)));
    await checkRecords(stages);
    await Promise.all(stages.map(({ prefix }) => around.worker.rest(`/connectors/${prefix}`, { method: 'DELETE' })));
  } catch (error) {
    throw new Error((await around.worker.log()).slice(-6000), { cause: error });
  } finally {
    await Promise.all(stages.map(({ database }) => database[Symbol.asyncDispose]()));
  }
}

test(
  'every config in the field runs unchanged, and its records come on the topics that Debezium would name',
  { timeout: 400_000 },
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-configs-'));
    const { hostname, port, username, password } = new URL(stack.postgres);
    const lacksTls = withoutOpenssl();
    if (lacksTls === false) {
      const certificates = { server: { commonName: 'postgres', altNames: 'IP:127.0.0.1,DNS:localhost' }, client: { commonName: 'cdc' } };
      await makeCertificates(folder, certificates);
    } else t.diagnostic(`configs with TLS are left out: ${lacksTls}`);
    await using front = lacksTls === false ? await openTlsFront(folder, { host: hostname, port: Number(port) }) : null;
    writeFileSync(join(folder, 'db.properties'), `password=${decodeURIComponent(password)}\n`);
    await using worker = await WorkerProcess.prepare([]);
    await worker.start({ REGISTRY_USER: 'user:word', SALT: 'pepper', DB_HOST: hostname, DB_USER: decodeURIComponent(username) });
    try {
      const names = Object.keys(fieldConfigs).filter((name) => lacksTls === false || !isTls(fieldConfigs[name] ?? {}));
      for (let at = 0; at < names.length; at += together) await run(names.slice(at, at + together), { folder, worker, front });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);
