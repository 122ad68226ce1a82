import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Database } from '../support/database.ts';
import { kafkaClient } from '../support/kafka-client.ts';
import { stack } from '../support/stack.ts';

interface Told {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
}

/** By table, file or topic, as the config of each connector has it; a file is `NAME-signals`, a topic `NAME-signal`, which no record comes to. */
export class PeerSignals implements AsyncDisposable {
  /** Where the files are. */
  readonly folder: string;
  readonly #database: Database;
  readonly #byTable: readonly string[];
  readonly #byTopic: readonly string[];
  readonly #byFile: readonly string[];

  private constructor(database: Database, folder: string, connectors: readonly Told[]) {
    const having = (property: string): string[] => connectors.filter(({ config }) => property in config).map(({ name }) => name);
    this.folder = folder;
    this.#database = database;
    this.#byTable = having('signal.data.collection');
    this.#byTopic = having('signal.kafka.topic');
    this.#byFile = having('signal.file');
  }

  static async prepare(database: Database, connectors: readonly Told[]): Promise<PeerSignals> {
    const signals = new PeerSignals(database, await mkdtemp(join(tmpdir(), 'millrace-signals-')), connectors);
    for (const name of signals.#byTable)
      await database.query(`CREATE TABLE signals_${name} (id varchar(42) PRIMARY KEY, type varchar(32), data varchar(2048))`);
    if (signals.#byTopic.length === 0) return signals;
    const admin = kafkaClient(stack.kafka).admin();
    await admin.connect();
    const topics = signals.#byTopic.map((name) => ({ topic: `${name}-signal`, numPartitions: 1, replicationFactor: 1 }));
    await admin.createTopics({ waitForLeaders: false, topics });
    await admin.disconnect();
    return signals;
  }

  isHeardBy(name: string): boolean {
    return this.#byTable.includes(name) || this.#byTopic.includes(name);
  }

  async snapshot(name: string, tables: readonly string[]): Promise<void> {
    const data = { type: 'incremental', 'data-collections': tables };
    const signal = JSON.stringify({ id: 'again', type: 'execute-snapshot', data });
    if (this.#byFile.includes(name)) {
      // There as a whole, or not: whoever reads it empties it.
      const file = join(this.folder, `${name}-signals`);
      await writeFile(`${file}.new`, `${signal}\n`);
      await rename(`${file}.new`, file);
      return;
    }
    if (this.#byTable.includes(name)) {
      await this.#database.query(`INSERT INTO signals_${name} VALUES ('again', 'execute-snapshot', $1)`, [JSON.stringify(data)]);
      return;
    }
    const producer = kafkaClient(stack.kafka).producer();
    await producer.connect();
    await producer.send({ topic: `${name}-signal`, messages: [{ key: name, value: signal }] });
    await producer.disconnect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
