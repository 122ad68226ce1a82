import type { Clock } from '../base/clock.ts';
import { ConnectError } from '../base/errors.ts';
import type { BrokerApi } from './broker-api.ts';
import { BrokerConnection } from './broker-connection.ts';
import type { BrokerAddress, ClientConfig } from './client-config.ts';
import { apiVersionsApi, findCoordinatorApi, metadataApi } from './cluster-api.ts';
import type { MetadataResponse } from './cluster-api.ts';
import { fromKafkaClient, isTransient, kafkaError } from './kafka-error.ts';

export interface TopicMetadata {
  readonly name: string;
  /** Broker id by partition; -1 where there is no leader now. Its length is the number of partitions. */
  readonly leaders: Int32Array;
}

/**
 * Connections to the brokers of one cluster, one each and made when first needed, and what is known about the cluster.
 * Requests of one caller to one broker keep their order. A connection that failed in any way is thrown away whole; the
 * next request makes a new one. Nothing here retries a request: only the caller knows whether that is safe.
 */
export class Cluster {
  readonly config: ClientConfig;
  readonly #clock: Clock;
  readonly #addresses = new Map<number, BrokerAddress>();
  readonly #connections = new Map<string, Promise<BrokerConnection>>();
  readonly #topics = new Map<string, TopicMetadata>();
  readonly #lost = new Map<string, number>();
  #metadataAtMs = 0;
  #clusterId: string | null = null;
  #versions: ReadonlyMap<number, number> = new Map();
  #features: ReadonlyMap<string, number> = new Map();
  #closed = false;

  constructor(config: ClientConfig, clock: Clock) {
    this.config = config;
    this.#clock = clock;
  }

  /** Known after `connect`. */
  get clusterId(): string | null {
    return this.#clusterId;
  }

  /** The finalized level of a feature (`transaction.version`), 0 when the cluster does not have it. Known after `connect`. */
  feature(name: string): number {
    return this.#features.get(name) ?? 0;
  }

  /** The highest version of an API that the bootstrap broker speaks, -1 for none. Known after `connect`. */
  versionMax(apiKey: number): number {
    return this.#versions.get(apiKey) ?? -1;
  }

  /** What `refresh` learnt last; undefined for a topic that does not exist or was not asked for. */
  topic(name: string): TopicMetadata | undefined {
    return this.#topics.get(name);
  }

  /** True when partition counts may have changed unnoticed. */
  get outdated(): boolean {
    return this.#clock.monotonic() - this.#metadataAtMs > this.config.metadataMaxAgeMs;
  }

  /** Finds a broker among the bootstrap servers. Rejects with `kafka.unreachable`, `kafka.authentication`, `kafka.authorization`. */
  async connect(): Promise<void> {
    await this.refresh([]);
    const versions = await this.callAny('ask for API versions', apiVersionsApi);
    if (versions.errorCode !== 0) throw kafkaError(versions.errorCode, 'tell its API versions', this.config.serverNames);
    this.#versions = versions.versionMax;
    this.#features = versions.features;
  }

  /** Asks for the brokers and for these topics. A topic that does not exist is forgotten, other topic errors reject. */
  async refresh(topics: readonly string[], autoCreate = false): Promise<void> {
    const metadata = await this.metadata('ask for metadata', topics, autoCreate);
    for (const topic of metadata.topics) {
      if (topic.errorCode !== 0) this.#topics.delete(topic.name);
      if (isTransient(topic.errorCode)) continue;
      if (topic.errorCode !== 0) throw kafkaError(topic.errorCode, `describe topic ${topic.name}`, this.config.serverNames);
      const leaders = new Int32Array(topic.partitions.length).fill(-1);
      for (const { partition, leader } of topic.partitions) leaders[partition] = leader;
      this.#topics.set(topic.name, { name: topic.name, leaders });
    }
    if (topics.length > 0) this.#metadataAtMs = this.#clock.monotonic();
  }

  /** The answer of a broker about the cluster and these topics, as it is. */
  async metadata(doing: string, topics: readonly string[], autoCreate = false): Promise<MetadataResponse> {
    const metadata = await this.callAny(doing, metadataApi, topics, autoCreate);
    this.#clusterId = metadata.clusterId;
    for (const { id, host, port } of metadata.brokers) this.#addresses.set(id, { host, port });
    return metadata;
  }

  /** The id of the broker that coordinates a transactional id. Rejects with `kafka.transient` while there is none. */
  async transactionCoordinator(transactionalId: string): Promise<number> {
    const found = await this.callAny('find the transaction coordinator', findCoordinatorApi, 1, transactionalId);
    if (found.errorCode !== 0) {
      throw kafkaError(found.errorCode, `name the coordinator of transactional.id ${transactionalId}`, this.config.serverNames);
    }
    this.#addresses.set(found.id, { host: found.host, port: found.port });
    return found.id;
  }

  /** Any broker that answers: known ones first, then the bootstrap servers. */
  async anyBrokerId(): Promise<number> {
    await this.refresh([]);
    for (const id of this.#addresses.keys()) return id;
    throw new ConnectError('kafka.unreachable', `Kafka at ${this.config.serverNames} names no broker.`, {
      remedy: 'Look at the brokers: their metadata answer lists none.',
    });
  }

  /** Sends one request to one broker. Rejects with a `kafka.*` error when there was no readable answer. */
  async call<A extends readonly unknown[], R>(brokerId: number, doing: string, api: BrokerApi<A, R>, ...args: A): Promise<R> {
    const address = this.#addresses.get(brokerId);
    if (address === undefined) {
      throw new ConnectError('kafka.unreachable', `Broker ${brokerId} of Kafka at ${this.config.serverNames} is gone, cannot ${doing}.`, {
        remedy: 'Make sure that the broker is up and that its advertised.listeners can be reached from here.',
      });
    }
    return await this.#send(address, doing, api, args);
  }

  /**
   * How many connections to this broker were given up so far. While the number stays the same, requests reach the broker
   * in the order of the calls; a sender that needs that order stops when it changes.
   */
  connectionsLost(brokerId: number): number {
    const address = this.#addresses.get(brokerId);
    return address === undefined ? -1 : (this.#lost.get(keyOf(address)) ?? 0);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const connections = [...this.#connections.values()];
    this.#connections.clear();
    await Promise.allSettled(connections.map(async (connection) => (await connection).close()));
  }

  /** Sends one request to whichever broker answers. */
  async callAny<A extends readonly unknown[], R>(doing: string, api: BrokerApi<A, R>, ...args: A): Promise<R> {
    let failure: unknown;
    for (const address of [...this.#addresses.values(), ...this.config.servers]) {
      try {
        return await this.#send(address, doing, api, args);
      } catch (error) {
        if (!(error instanceof ConnectError) || error.code !== 'kafka.unreachable' || this.#closed) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  async #send<A extends readonly unknown[], R>(address: BrokerAddress, doing: string, api: BrokerApi<A, R>, args: A): Promise<R> {
    const key = keyOf(address);
    const opened = this.#connection(key, address);
    try {
      return await (await opened).request(api, ...args);
    } catch (error) {
      this.#discard(key, opened);
      throw fromKafkaClient(error, doing, this.config.serverNames);
    }
  }

  #connection(key: string, address: BrokerAddress): Promise<BrokerConnection> {
    if (this.#closed)
      return Promise.reject(new ConnectError('kafka.unreachable', `The connection to Kafka at ${this.config.serverNames} is closed.`));
    const known = this.#connections.get(key);
    if (known !== undefined) return known;
    const opening = this.#open(address);
    this.#connections.set(key, opening);
    // An idle connection that a broker closes is forgotten at once, so that no request is written into the void.
    opening
      .then((connection) => connection.closed)
      .then(() => this.#forget(key, opening))
      .catch(() => undefined);
    return opening;
  }

  #open({ host, port }: BrokerAddress): Promise<BrokerConnection> {
    return BrokerConnection.open(host, port, this.config.connection(host), this.#clock);
  }

  #forget(key: string, opened: Promise<BrokerConnection>): void {
    if (this.#connections.get(key) !== opened) return;
    this.#connections.delete(key);
    this.#lost.set(key, (this.#lost.get(key) ?? 0) + 1);
  }

  #discard(key: string, opened: Promise<BrokerConnection>): void {
    this.#forget(key, opened);
    opened.then((connection) => connection.close()).catch(() => undefined);
  }
}

function keyOf({ host, port }: BrokerAddress): string {
  return `${host}:${port}`;
}
