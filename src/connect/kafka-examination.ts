import type { Clock } from '../base/clock.ts';
import { ClientConfig } from '../kafka/client-config.ts';
import { Cluster } from '../kafka/cluster.ts';
import { TopicAdmin } from '../kafka/topic-admin.ts';
import type { Config } from './config.ts';
import { failure, good, note, problem, warning, type Finding, type FindingHandler } from './finding.ts';
import type { WorkerConfig } from './worker-config.ts';

const subject = 'kafka';
const remedy = 'Check bootstrap.servers and security.protocol.';

/** Reach, transactions, replication and the right to create topics; creates nothing and fences nobody. */
export async function examineKafka(worker: WorkerConfig, connector: Config, clock: Clock, handle: FindingHandler): Promise<void> {
  const client = new ClientConfig(worker.producer(connector));
  const admin = new TopicAdmin(client, clock, false);
  const cluster = new Cluster(client, clock);
  try {
    await cluster.connect();
    const brokers = await admin.brokerCount();
    await handle(good(subject, `The cluster at ${client.serverNames} answers; it has ${brokers} broker${brokers === 1 ? '' : 's'}.`));
    for (const finding of [transactions(worker, cluster), replication(connector, brokers), await creation(admin, connector)]) {
      if (finding !== null) await handle(finding);
    }
  } catch (error) {
    await handle(failure(subject, error, 'No record can be written.', remedy));
  } finally {
    await Promise.allSettled([admin.close(), cluster.close()]);
  }
}

function transactions(worker: WorkerConfig, cluster: Cluster): Finding | null {
  if (!worker.exactlyOnce) return note(subject, 'Delivery is at least once, as configured.', 'exactly.once.source.support=enabled');
  if (cluster.feature('transaction.version') >= 2) return null;
  return warning(
    subject,
    'The brokers have no second version of transactions (KIP-890).',
    'In rare cases a transaction that hung can take records of the next one with it.',
    'Upgrade the brokers to Kafka 4.0 or newer (and finalize transaction.version=2 with kafka-features.sh).',
  );
}

function replication(connector: Config, brokers: number): Finding | null {
  const factor = connector.optionalInt('topic.creation.default.replication.factor');
  if (factor === null || factor <= brokers) return null;
  return problem(
    subject,
    `topic.creation.default.replication.factor is ${factor}, and there are ${brokers} brokers.`,
    'No topic can be created.',
    `topic.creation.default.replication.factor=${brokers}`,
  );
}

async function creation(admin: TopicAdmin, connector: Config): Promise<Finding> {
  const name = `${connector.optional('topic.prefix') ?? connector.optional('topic') ?? 'millrace'}.doctor`;
  try {
    await admin.tryCreate({ name, partitions: 1, replicationFactor: -1, settings: {} });
    return good(subject, 'Topics can be created.');
  } catch (error) {
    return failure(subject, error, 'The topics of the connector have to be there before it starts.', remedy);
  }
}
