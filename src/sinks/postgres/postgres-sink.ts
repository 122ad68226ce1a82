import { Client } from 'pg';
import { ConnectError } from '../../base/errors.ts';
import { failpoint } from '../../base/failpoint.ts';
import type { Secret } from '../../base/secret.ts';
import type { Sink } from '../../connect/sink.ts';
import { decodeOffsetKey, decodeOffsetValue, encodeOffsetKey, encodeOffsetValue, type SourceOffset } from '../../record/offset.ts';
import type { RecordBatch } from '../../record/record-batch.ts';
import { postgresError } from './postgres-error.ts';
import { rowRuns } from './row-runs.ts';
import type { TopicSchemas } from './table-converter.ts';
import { planTable, type TablePlan } from './table-plan.ts';

export interface PostgresSinkOptions {
  readonly connector: string;
  /** `postgres://user:password@host:port/database`. */
  readonly url: Secret;
  /** Filled by the `TableConverter` of keys and values, which write JSON without schemas. */
  readonly topics: ReadonlyMap<string, TopicSchemas>;
}

const createTables = `
  CREATE TABLE IF NOT EXISTS public.millrace_writers (connector text PRIMARY KEY, epoch bigint NOT NULL);
  CREATE TABLE IF NOT EXISTS public.millrace_offsets (
    connector text NOT NULL, partition text NOT NULL, position text NOT NULL, PRIMARY KEY (connector, partition))`;

/**
 * Records as rows of tables, each batch one transaction together with its offsets: exactly once. A record with a key
 * replaces the row of that key, a tombstone deletes it, and without a key every record is a row more.
 *
 * Every `open` raises the connector's epoch, and every transaction holds it against its own: an incarnation that has
 * been overtaken can write no more.
 */
export class PostgresSink implements Sink {
  readonly #options: PostgresSinkOptions;
  readonly #tables = new Map<string, TablePlan>();
  #client: Client | null = null;
  #epoch = '';

  constructor(options: PostgresSinkOptions) {
    this.#options = options;
  }

  async open(signal: AbortSignal): Promise<readonly SourceOffset[]> {
    await this.close();
    signal.throwIfAborted();
    const { connector, url } = this.#options;
    const client = new Client({
      connectionString: url.reveal(),
      application_name: `millrace ${connector}`,
      connectionTimeoutMillis: 10_000,
    });
    // Without a listener a connection that is cut while nobody waits for it would end the process.
    client.on('error', () => {});
    try {
      await client.connect();
      this.#client = client;
      await client.query(createTables);
      const { rows } = await client.query<{ epoch: string }>(
        `INSERT INTO public.millrace_writers AS w VALUES ($1, 1) ON CONFLICT (connector) DO UPDATE SET epoch = w.epoch + 1 RETURNING epoch`,
        [connector],
      );
      this.#epoch = rows[0]?.epoch ?? '';
      const stored = await client.query<{ partition: string; position: string }>(
        'SELECT partition, position FROM public.millrace_offsets WHERE connector = $1',
        [connector],
      );
      return stored.rows.flatMap((row) => storedOffset(row.partition, row.position));
    } catch (error) {
      await this.close();
      throw postgresError(error, 'opening the database');
    }
  }

  async prepareTopic(topic: string): Promise<void> {
    const schemas = this.#options.topics.get(topic);
    if (schemas?.value === null || schemas === undefined) {
      throw new ConnectError('data.shape', `Nothing is known of the records of "${topic}", so there can be no table for them.`, {
        remedy: 'Leave errors.deadletterqueue.topic.name out: dead letters go to Kafka only.',
      });
    }
    const plan = planTable(topic, schemas.key, schemas.value);
    for (const statement of plan.create) await this.#query(statement, `creating table ${plan.name}`);
    this.#tables.set(topic, plan);
  }

  async commit(batch: RecordBatch): Promise<void> {
    failpoint('before-commit');
    await this.#query('BEGIN', 'beginning a transaction');
    try {
      await this.#checkEpoch();
      for (const { topic, isDelete, json } of rowRuns(batch)) {
        const plan = this.#tables.get(topic);
        const statement = isDelete ? (plan?.remove ?? null) : (plan?.insert ?? null);
        if (plan === undefined || statement === null) throw notDeletable(topic);
        await this.#query(statement, `writing into table ${plan.name}`, [json]);
      }
      for (const offset of batch.offsets) await this.#store(offset);
      failpoint('inside-commit');
      await this.#query('COMMIT', 'committing');
    } catch (error) {
      await this.#client?.query('ROLLBACK').catch(() => {});
      throw error;
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => {});
  }

  async #checkEpoch(): Promise<void> {
    const rows = await this.#query(
      'SELECT epoch FROM public.millrace_writers WHERE connector = $1 FOR SHARE',
      'looking for other writers',
      [this.#options.connector],
    );
    if (rows[0]?.['epoch'] === this.#epoch) return;
    throw new ConnectError('postgres.fenced', `Another run of "${this.#options.connector}" has begun to write into this database.`, {
      remedy: 'Let one of them run, or give them different names.',
    });
  }

  async #store({ partition, offset }: SourceOffset): Promise<void> {
    const { connector } = this.#options;
    const key = encodeOffsetKey(connector, partition).toString();
    const value = encodeOffsetValue(offset)?.toString() ?? null;
    if (value === null) {
      await this.#query('DELETE FROM public.millrace_offsets WHERE connector = $1 AND partition = $2', 'forgetting an offset', [
        connector,
        key,
      ]);
      return;
    }
    await this.#query(
      'INSERT INTO public.millrace_offsets VALUES ($1, $2, $3) ON CONFLICT (connector, partition) DO UPDATE SET position = EXCLUDED.position',
      'storing an offset',
      [connector, key, value],
    );
  }

  async #query(text: string, doing: string, values: readonly string[] = []): Promise<Readonly<Record<string, unknown>>[]> {
    const client = this.#client;
    if (client === null) throw new ConnectError('postgres.unreachable', `The connection is gone; it was needed for ${doing}.`);
    try {
      // A statement with a name is parsed once.
      const result = await client.query<Record<string, unknown>>(
        values.length === 0 ? { text } : { text, values: [...values], name: nameOf(text) },
      );
      return result.rows;
    } catch (error) {
      throw postgresError(error, doing);
    }
  }
}

/** Names of prepared statements may have 63 bytes. */
function nameOf(text: string): string {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return `m${(hash >>> 0).toString(36)}_${text.length}`;
}

function storedOffset(partition: string, position: string): SourceOffset[] {
  const key = decodeOffsetKey(Buffer.from(partition));
  return key === null ? [] : [{ partition: key.partition, offset: decodeOffsetValue(Buffer.from(position)) }];
}

function notDeletable(topic: string): ConnectError {
  return new ConnectError('data.shape', `A record of "${topic}" deletes a row, and its table has no key.`, {
    remedy: 'Give the records a key that is a record of fields.',
  });
}
