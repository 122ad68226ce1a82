import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { KafkaMessage } from 'kafkajs';

import type { ConnectorStateInfo } from '../../src/connect/connector.ts';
import type { Database } from './database.ts';
import { databaseKeys } from './database-keys.ts';
import { kafkaClient } from './kafka-client.ts';
import { stack } from './stack.ts';
import { uniqueName } from './unique-name.ts';
import { WorkerProcess } from './worker-process.ts';

export type Settings = Readonly<Record<string, string>>;

/**
 * A worker process with one connector that nothing is wrong with: `othersGoOn` shows that it still delivers, and each row
 * once, whatever happens to the connectors that a test adds by REST.
 */
export class WorkerStage implements AsyncDisposable {
  readonly worker: WorkerProcess;
  readonly name: string;
  readonly #kafka: string;
  #rows = 0;

  private constructor(worker: WorkerProcess, name: string, kafka: string) {
    this.worker = worker;
    this.name = name;
    this.#kafka = kafka;
  }

  static async open(settings: Settings = {}, environment: Settings = {}): Promise<WorkerStage> {
    const stage = await WorkerStage.prepare(settings);
    await stage.worker.start(environment);
    return stage;
  }

  /** Not started yet. `kafka`: where records are read, if not where the worker writes them. */
  static async prepare(settings: Settings = {}, kafka = settings['bootstrap.servers'] ?? stack.kafka): Promise<WorkerStage> {
    const name = uniqueName('others');
    const worker = await WorkerProcess.prepare([], settings);
    const stage = new WorkerStage(worker, name, kafka);
    writeFileSync(stage.file, 'id,note\n');
    const config = { ...csvConfig(stage.file, name, 'id:long,note:string'), follow: 'true', 'poll.interval.ms': '50' };
    await worker.addFile({ name, config: { ...config, ...plainJson } });
    return stage;
  }

  get file(): string {
    return join(this.worker.folder, 'others.csv');
  }

  async create(name: string, config: Settings): Promise<void> {
    await this.worker.rest('/connectors', json('POST', { name, config }));
  }

  async configure(name: string, config: Settings): Promise<void> {
    await this.worker.rest(`/connectors/${name}/config`, json('PUT', config));
  }

  async verb(name: string, verb: 'pause' | 'resume' | 'stop'): Promise<void> {
    await this.worker.rest(`/connectors/${name}/${verb}`, { method: 'PUT' });
  }

  async restart(name: string): Promise<void> {
    await this.worker.rest(`/connectors/${name}/restart?includeTasks=true`, { method: 'POST' });
  }

  async remove(name: string): Promise<void> {
    await this.worker.rest(`/connectors/${name}`, { method: 'DELETE' });
  }

  status(name: string): Promise<ConnectorStateInfo> {
    return this.worker.rest<ConnectorStateInfo>(`/connectors/${name}/status`);
  }

  /** The trace of the failed connector or task. */
  async failed(name: string): Promise<string> {
    const { connector, tasks } = await this.until(name, (status) =>
      [status.connector, ...status.tasks].some(({ state }) => state === 'FAILED'),
    );
    return connector.trace ?? tasks[0]?.trace ?? '';
  }

  /** The trace of a task that runs and is being tried again. */
  async troubled(name: string): Promise<string> {
    const { tasks } = await this.until(name, (status) => status.tasks[0]?.trace !== undefined && status.tasks[0].state === 'RUNNING');
    return tasks[0]?.trace ?? '';
  }

  async until(name: string, ready: (status: ConnectorStateInfo) => boolean, timeoutMs = 120_000): Promise<ConnectorStateInfo> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const status = await this.status(name);
      if (ready(status)) return status;
      if (performance.now() > end) throw new Error(`${JSON.stringify(status)}\n${await this.worker.log()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Another row of the good connector arrives, and none of the rows before it came twice. */
  async othersGoOn(): Promise<void> {
    this.#rows += 1;
    appendFileSync(this.file, `${this.#rows},row ${this.#rows}\n`);
    const messages = await readTexts(this.name, this.#rows, this.#kafka);
    assert.deepEqual(
      messages.map(({ value }) => (JSON.parse(value ?? '') as { id: number }).id),
      Array.from({ length: this.#rows }, (_, index) => index + 1),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker[Symbol.asyncDispose]();
  }
}

export function json(method: string, body: unknown): RequestInit {
  return { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** Values as plain JSON, whatever the worker's converters are. */
export const plainJson: Settings = {
  'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter.schemas.enable': 'false',
};

export const onePartition: Settings = { 'topic.creation.default.partitions': '1', 'topic.creation.default.replication.factor': '1' };

export function csvConfig(file: string, topic: string, columns: string): Settings {
  return { 'connector.class': 'millrace.CsvSource', file, topic, columns, 'errors.retry.delay.max.ms': '500', ...onePartition };
}

/** Slot, publication and topic prefix all have the connector's name. */
export function postgresConfig(db: ServerAddress, name: string): Settings {
  return {
    ...connectionConfig(db, name),
    'publication.autocreate.mode': 'filtered',
    'table.include.list': 'public.orders',
    'slot.max.retries': '3',
    'slot.retry.delay.ms': '200',
    'errors.retry.delay.max.ms': '500',
    ...onePartition,
  };
}

type ServerAddress = Pick<Database, 'host' | 'port' | 'user' | 'password' | 'name'>;

/** What every Postgres connector of a test needs: where the database is, and one name for topics, slot and publication. */
export function connectionConfig(db: ServerAddress, name: string): Settings {
  return {
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'plugin.name': 'pgoutput',
    ...databaseKeys(db),
    'topic.prefix': name,
    'slot.name': name,
    'publication.name': name,
  };
}

export interface TextMessage {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Reads a topic of one partition, committed records only, until there are `count`. In one partition a record that came
 * twice stands before the last one, so that it shows up among them.
 */
export async function readTexts(topic: string, count: number, kafka = stack.kafka, timeoutMs = 120_000): Promise<TextMessage[]> {
  const client = kafkaClient(kafka);
  const consumer = client.consumer({
    groupId: uniqueName('texts'),
    readUncommitted: false,
    maxWaitTimeInMs: 100,
    allowAutoTopicCreation: false,
  });
  const messages: KafkaMessage[] = [];
  const end = performance.now() + timeoutMs;
  const admin = client.admin();
  await admin.connect();
  await consumer.connect();
  try {
    while (!(await admin.listTopics()).includes(topic)) {
      if (performance.now() > end) throw new Error(`the topic ${topic} did not appear`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    // A consumer that lost its connection is given again what it had not yet told of.
    const isNew = ({ offset }: KafkaMessage): boolean => BigInt(offset) > BigInt(messages.at(-1)?.offset ?? -1);
    await consumer.run({ eachMessage: async ({ message }) => void (isNew(message) && messages.push(message)) });
    while (messages.length < count) {
      if (performance.now() > end)
        throw new Error(`${topic} has ${messages.length} of ${count} records: ${messages.map(({ value }) => value).join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    assert.equal(messages.length, count, `${topic} has more records than ${count}`);
  } finally {
    await Promise.all([consumer.disconnect(), admin.disconnect()]);
  }
  return messages.map(({ key, value, headers }) => ({
    key: key === null ? null : key.toString(),
    value: value === null ? null : value.toString(),
    headers: Object.fromEntries(Object.entries(headers ?? {}).map(([header, text]) => [header, String(text)])),
  }));
}

/** One column of each record's value, or of its `after` in an envelope. */
export function column(messages: readonly TextMessage[], name: string): unknown[] {
  return messages.map(({ value }) => {
    const row = JSON.parse(value ?? 'null') as Record<string, unknown> | null;
    const after = row?.['after'] as Record<string, unknown> | undefined;
    return (after ?? row)?.[name];
  });
}
