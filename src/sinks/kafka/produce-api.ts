import type { BrokerApi } from '../../kafka/broker-api.ts';
import { brokerApi } from '../../kafka/broker-api.ts';
import { ApiKey } from '../../kafka/cluster-api.ts';
import type { PartitionAnswer, ProduceArguments } from '../../kafka/produce-request.ts';
import { produceApi, readPartitionAnswers } from '../../kafka/produce-request.ts';

/**
 * The requests that write. The versions decide the transaction protocol: from Produce 12 and EndTxn 5 on (KIP-890,
 * Kafka 4.0) a produce request adds its partitions to the transaction and every end of a transaction hands out a new
 * epoch, so that no late request of an older transaction can ever be taken for one of a newer. Both must be used
 * together, and only when the cluster's `transaction.version` is 2.
 */

export interface ProducerIdentity {
  readonly id: bigint;
  readonly epoch: number;
}

export interface ProducerAnswer {
  readonly errorCode: number;
  readonly producer: ProducerIdentity;
}

/*
  InitProducerId Request (Version: 4) => transactional_id transaction_timeout_ms producer_id producer_epoch TAG_BUFFER
  InitProducerId Response (Version: 4) => throttle_time_ms error_code producer_id producer_epoch TAG_BUFFER
*/
type InitProducerIdArguments = [transactionalId: string | null, timeoutMs: number, expected?: ProducerIdentity];

/** `expected`: refused when anybody has asked without it since that identity was given out; without it every other one is fenced. */
export const initProducerIdApi = brokerApi<InitProducerIdArguments, ProducerAnswer>(
  ApiKey.INIT_PRODUCER_ID,
  4,
  (request, transactionalId, timeoutMs, expected = { id: -1n, epoch: -1 }) =>
    request.appendString(transactionalId).appendInt32(timeoutMs).appendInt64(expected.id).appendInt16(expected.epoch).appendTaggedFields(),
  (reader) => {
    reader.readInt32();
    const errorCode = reader.readInt16();
    return { errorCode, producer: { id: reader.readInt64(), epoch: reader.readInt16() } };
  },
);

export interface TopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}

type AddPartitionsArguments = [transactionalId: string, producer: ProducerIdentity, topics: readonly TopicPartitions[]];

/*
  AddPartitionsToTxn Request (Version: 3) => transactional_id producer_id producer_epoch [topics] TAG_BUFFER
    topics => name [partitions] TAG_BUFFER
  AddPartitionsToTxn Response (Version: 3) => throttle_time_ms [results] TAG_BUFFER
    results => name [partition_index error_code TAG_BUFFER] TAG_BUFFER
*/
export const addPartitionsApi = brokerApi<AddPartitionsArguments, PartitionAnswer[]>(
  24,
  3,
  (request, transactionalId, producer, topics) =>
    request
      .appendString(transactionalId)
      .appendInt64(producer.id)
      .appendInt16(producer.epoch)
      .appendArray(topics, (w, { topic, partitions }) => {
        w.appendString(topic).appendArray(partitions, (p, partition) => p.appendInt32(partition), false);
      })
      .appendTaggedFields(),
  (reader) => {
    reader.readInt32();
    return readPartitionAnswers(reader, () => undefined);
  },
);

type EndTransactionArguments = [transactionalId: string, producer: ProducerIdentity, commit: boolean];

/*
  EndTxn Request (Version: 3, 5) => transactional_id producer_id producer_epoch committed TAG_BUFFER
  EndTxn Response (Version: 3) => throttle_time_ms error_code TAG_BUFFER
  EndTxn Response (Version: 5) => throttle_time_ms error_code producer_id producer_epoch TAG_BUFFER
*/
function endTransaction(version: number): BrokerApi<EndTransactionArguments, { errorCode: number; next: ProducerIdentity | null }> {
  return brokerApi<EndTransactionArguments, { errorCode: number; next: ProducerIdentity | null }>(
    ApiKey.END_TXN,
    version,
    (request, transactionalId, producer, commit) =>
      request.appendString(transactionalId).appendInt64(producer.id).appendInt16(producer.epoch).appendBoolean(commit).appendTaggedFields(),
    (reader) => {
      reader.readInt32();
      const errorCode = reader.readInt16();
      return { errorCode, next: version < 5 ? null : { id: reader.readInt64(), epoch: reader.readInt16() } };
    },
  );
}

/** One generation of the transaction protocol. */
export interface TransactionProtocol {
  readonly produce: BrokerApi<ProduceArguments, PartitionAnswer[]>;
  readonly endTransaction: BrokerApi<EndTransactionArguments, { errorCode: number; next: ProducerIdentity | null }>;
  /** Partitions have to be added to the transaction by requests of their own. */
  readonly addsPartitions: boolean;
}

export const transactionProtocol1: TransactionProtocol = {
  produce: produceApi(9),
  endTransaction: endTransaction(3),
  addsPartitions: true,
};
export const transactionProtocol2: TransactionProtocol = {
  produce: produceApi(12),
  endTransaction: endTransaction(5),
  addsPartitions: false,
};
