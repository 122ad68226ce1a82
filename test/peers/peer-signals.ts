import type { Database } from '../support/database.ts';
import { kafkaClient } from '../support/kafka-client.ts';
import { stack } from '../support/stack.ts';

interface Told {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
}

/** By table or topic, as the config of each connector has it; a topic is `NAME-signal`, which no record comes to. */
export class PeerSignals {
  readonly #database: Database;
  readonly #byTable: readonly string[];
  readonly #byTopic: readonly string[];

  private constructor(database: Database, byTable: readonly string[], byTopic: readonly string[]) {
    this.#database = database;
    this.#byTable = byTable;
    this.#byTopic = byTopic;
  }

  static async prepare(database: Database, connectors: readonly Told[]): Promise<PeerSignals> {
    const having = (property: string): string[] => connectors.filter(({ config }) => property in config).map(({ name }) => name);
    const signals = new PeerSignals(database, having('signal.data.collection'), having('signal.kafka.topic'));
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
    if (this.#byTable.includes(name)) {
      await this.#database.query(`INSERT INTO signals_${name} VALUES ('again', 'execute-snapshot', $1)`, [JSON.stringify(data)]);
      return;
    }
    const producer = kafkaClient(stack.kafka).producer();
    await producer.connect();
    const value = JSON.stringify({ id: 'again', type: 'execute-snapshot', data });
    await producer.send({ topic: `${name}-signal`, messages: [{ key: name, value }] });
    await producer.disconnect();
  }
}
