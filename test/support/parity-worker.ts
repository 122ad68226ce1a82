import { randomBytes } from 'node:crypto';

import { CommittedReader } from './committed-reader.ts';
import type { CommittedRecord } from './committed-reader.ts';
import { createDatabase } from './database.ts';
import { debeziumConnector, slotStreams } from './debezium-connector.ts';
import type { Database } from './database.ts';
import type { ParityCase, ParityRecord } from './parity-case.ts';
import { ParityReader } from './parity-reader.ts';
import { WorkerProcess } from './worker-process.ts';

interface Stage {
  readonly prefix: string;
  readonly database: Database;
}

/** One worker with a connector for each case, each over a database of its own. */
export class ParityWorker implements AsyncDisposable {
  readonly #stages: ReadonlyMap<string, Stage>;
  readonly #worker: WorkerProcess;
  readonly #reader = new ParityReader();

  private constructor(stages: ReadonlyMap<string, Stage>, worker: WorkerProcess) {
    this.#stages = stages;
    this.#worker = worker;
  }

  /** Resolves when every case's changes have been made while its connector streams. */
  static async start(server: string, cases: readonly ParityCase[]): Promise<ParityWorker> {
    const stages = new Map<string, Stage>();
    for (const { name, setup } of cases) {
      const database = await createDatabase(server);
      // Letters and digits only: a name adjustment leaves them as they are, so that the prefix can be put back.
      stages.set(name, { prefix: `parity${randomBytes(5).toString('hex')}`, database });
      for (const statement of setup) await database.query(statement);
    }
    const worker = await WorkerProcess.prepare(cases.map((found) => connector(found, stages.get(found.name) as Stage)));
    const parity = new ParityWorker(stages, worker);
    try {
      await worker.start();
      for (const { name, changes } of cases) {
        const { prefix, database } = stages.get(name) as Stage;
        await parity.#untilStreaming(prefix, database);
        for (const statement of changes) await database.query(statement);
      }
      return parity;
    } catch (error) {
      const log = await worker.log();
      await parity[Symbol.asyncDispose]();
      throw new Error(log.slice(-4000), { cause: error });
    }
  }

  /** The records on the case's topics, once there are as many as expected and nothing has come for a moment. */
  async records({ name, records }: ParityCase): Promise<Map<string, ParityRecord[]>> {
    const { prefix, database } = this.#stages.get(name) as Stage;
    const rename = (text: string): string => text.replaceAll(prefix, 'PFX').replaceAll(database.name, 'PFX');
    const topics = [...records.keys()].map((topic) => topic.replaceAll('PFX', prefix));
    await using reader = await CommittedReader.open(topics, 120_000, false);
    const enough = (found: readonly CommittedRecord[]): boolean =>
      [...records].every(([topic, expected]) => found.filter((record) => rename(record.topic) === topic).length >= expected.length);
    const missing = (): string =>
      [...records.keys()]
        .map((topic) => `${topic}: ${reader.records.filter((record) => rename(record.topic) === topic).length}`)
        .join(', ');
    await reader.until(enough, missing, 30_000);
    return this.#reader.plain(reader.records, rename);
  }

  log(): Promise<string> {
    return this.#worker.log();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker[Symbol.asyncDispose]();
    for (const { database } of this.#stages.values()) await database[Symbol.asyncDispose]();
  }

  async #untilStreaming(prefix: string, database: Database): Promise<void> {
    const end = performance.now() + 60_000;
    for (;;) {
      if (await slotStreams(database, prefix)) return;
      if (performance.now() > end || !this.#worker.running) throw new Error(`the connector ${prefix} does not stream`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function connector({ config }: ParityCase, { prefix, database }: Stage) {
  return {
    name: prefix,
    config: debeziumConnector(database, prefix, config),
  };
}
