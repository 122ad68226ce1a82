import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import avro from 'avsc';
import type { Schema, Type } from 'avsc';
import kafkajs from 'kafkajs';
import type { Message } from 'kafkajs';
import pg from 'pg';
import { LogicalReplicationService, PgoutputPlugin } from 'pg-logical-replication';
import type { Pgoutput } from 'pg-logical-replication';

export interface PipelineSettings {
  readonly postgres: string;
  readonly slot: string;
  readonly publication: string;
  readonly brokers: readonly string[];
  readonly registry: string;
  readonly tables: readonly {
    /** `public.trips` */
    readonly name: string;
    readonly topic: string;
    readonly columns: readonly { readonly name: string; readonly type: string }[];
  }[];
}

type Row = Record<string, unknown>;

interface TableWriter {
  readonly topic: string;
  readonly key: (row: Row) => Buffer;
  readonly value: (op: string, before: Row | null, after: Row | null) => Buffer;
}

/** kafkajs puts what one `send` gets for a partition into one batch, and the broker takes 1 MB at most. */
const sendMessagesMax = 1000;
const sendBytesMax = 500_000;
const pendingMax = 10_000;

const avroTypes: Readonly<Record<string, Schema>> = {
  bigint: 'long',
  integer: 'int',
  smallint: 'int',
  'double precision': 'double',
  boolean: 'boolean',
  timestamp: { type: 'long', logicalType: 'timestamp-millis' },
  timestamptz: { type: 'long', logicalType: 'timestamp-millis' },
};

/**
 * Changes from a replication slot into keyed Avro records, at least once: batches as large as what has come while the last one was
 * sent, the slot confirmed behind what Kafka has acknowledged, back-pressure through the package's flow control.
 */
export async function runPipeline(settings: PipelineSettings): Promise<void> {
  pg.types.setTypeParser(pg.types.builtins.INT8, Number);
  await createSlot(settings);
  const writers = await createWriters(settings);
  const kafka = new kafkajs.Kafka({ clientId: 'plain-pipeline', brokers: [...settings.brokers], logLevel: kafkajs.logLevel.ERROR });
  const producer = kafka.producer({ allowAutoTopicCreation: false, maxInFlightRequests: 1 });
  await producer.connect();

  const service = new LogicalReplicationService(
    { connectionString: settings.postgres },
    { acknowledge: { auto: false, timeoutSeconds: 0 }, flowControl: { enabled: true } },
  );
  const queue = new SendQueue(async (topicMessages, lsn) => {
    if (topicMessages.length > 0) await producer.sendBatch({ topicMessages, acks: -1 });
    if (lsn !== null) await service.acknowledge(lsn);
  });
  service.on('data', async (lsn: string, message: Pgoutput.Message) => {
    if (message.tag === 'insert' || message.tag === 'update' || message.tag === 'delete') {
      const writer = writers.get(`${message.relation.schema}.${message.relation.name}`);
      if (writer === undefined) return;
      const after = message.tag === 'delete' ? null : message.new;
      const before = message.tag === 'insert' ? null : (message.old ?? message.key);
      const op = { insert: 'c', update: 'u', delete: 'd' }[message.tag];
      await queue.push(writer.topic, { key: writer.key(after ?? before ?? {}), value: writer.value(op, before, after) });
    } else if (message.tag === 'commit') {
      queue.commit(message.commitEndLsn ?? lsn);
    }
  });
  service.on('heartbeat', (lsn: string, _time: number, shouldRespond: boolean) => {
    if (shouldRespond && queue.empty) void service.acknowledge(lsn);
  });
  process.once('SIGTERM', () => process.exit(0));
  await service.subscribe(new PgoutputPlugin({ protoVersion: 1, publicationNames: [settings.publication] }), settings.slot);
}

type Send = (topicMessages: { topic: string; messages: Message[] }[], lsn: string | null) => Promise<void>;

/** Collects while a send is under way, then sends what there is. */
class SendQueue {
  readonly #send: Send;
  #pending: { readonly topic: string; readonly message: Message }[] = [];
  #committed: { readonly upTo: number; readonly lsn: string }[] = [];
  #sending: Promise<void> | null = null;

  constructor(send: Send) {
    this.#send = send;
  }

  get empty(): boolean {
    return this.#pending.length === 0 && this.#sending === null;
  }

  async push(topic: string, message: Message): Promise<void> {
    this.#pending.push({ topic, message });
    if (this.#pending.length >= sendMessagesMax) this.#start();
    while (this.#pending.length >= pendingMax) await this.#sending;
  }

  commit(lsn: string): void {
    this.#committed.push({ upTo: this.#pending.length, lsn });
    this.#start();
  }

  #start(): void {
    this.#sending ??= this.#drain().catch((error: unknown) => {
      // Started again, it goes on behind what the slot has confirmed.
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    });
  }

  async #drain(): Promise<void> {
    while (this.#pending.length > 0 || this.#committed.length > 0) {
      let count = 0;
      let bytes = 0;
      const byTopic = new Map<string, Message[]>();
      for (const { topic, message } of this.#pending) {
        bytes += (message.value?.length ?? 0) + 100;
        if (count > 0 && (count === sendMessagesMax || bytes > sendBytesMax)) break;
        count += 1;
        const messages = byTopic.get(topic);
        if (messages === undefined) byTopic.set(topic, [message]);
        else messages.push(message);
      }
      this.#pending = this.#pending.slice(count);
      const done = this.#committed.filter(({ upTo }) => upTo <= count);
      this.#committed = this.#committed.slice(done.length).map(({ upTo, lsn }) => ({ upTo: upTo - count, lsn }));
      await this.#send(
        Array.from(byTopic, ([topic, messages]) => ({ topic, messages })),
        done.at(-1)?.lsn ?? null,
      );
    }
    this.#sending = null;
  }
}

async function createSlot({ postgres, slot }: PipelineSettings): Promise<void> {
  const client = new pg.Client({ connectionString: postgres });
  await client.connect();
  await client.query(
    `SELECT pg_create_logical_replication_slot($1, 'pgoutput') WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = $1)`,
    [slot],
  );
  await client.end();
}

async function createWriters(settings: PipelineSettings): Promise<Map<string, TableWriter>> {
  const registry = new SchemaRegistry({ host: settings.registry });
  const writers = new Map<string, TableWriter>();
  for (const { name, topic, columns } of settings.tables) {
    const fields = columns.map((column) => ({ name: column.name, type: avroTypes[column.type] ?? 'string' }));
    const row: Schema = { type: 'record', name: 'Row', namespace: topic, fields };
    const key: Schema = { type: 'record', name: 'Key', namespace: topic, fields: [{ name: 'id', type: 'long' }] };
    const value: Schema = {
      type: 'record',
      name: 'Change',
      namespace: topic,
      fields: [
        { name: 'op', type: 'string' },
        { name: 'ts_ms', type: 'long' },
        { name: 'before', type: ['null', row] },
        { name: 'after', type: ['null', 'Row'] },
      ],
    };
    const encode = async (part: string, schema: Schema): Promise<(value: unknown) => Buffer> => {
      const { id } = await registry.register({ type: SchemaType.AVRO, schema: JSON.stringify(schema) }, { subject: `${topic}-${part}` });
      return encoder(id, avro.Type.forSchema(schema));
    };
    const [encodeKey, encodeValue] = [await encode('key', key), await encode('value', value)];
    const times = columns.filter((column) => column.type.startsWith('timestamp')).map((column) => column.name);
    const withMillis = (image: Row | null): Row | null => {
      if (image === null) return null;
      const converted = { ...image };
      for (const time of times) converted[time] = (image[time] as Date).getTime();
      return converted;
    };
    writers.set(name, {
      topic,
      key: (image) => encodeKey({ id: image['id'] }),
      value: (op, before, after) => encodeValue({ op, ts_ms: Date.now(), before: withMillis(before), after: withMillis(after) }),
    });
  }
  return writers;
}

/** Confluent's form: a zero, the schema's id, then Avro. */
function encoder(id: number, type: Type): (value: unknown) => Buffer {
  const header = Buffer.alloc(5);
  header.writeInt32BE(id, 1);
  return (value) => Buffer.concat([header, type.toBuffer(value)]);
}
