import type { BrokerApi } from './broker-api.ts';
import { brokerApi } from './broker-api.ts';
import { ApiKey } from './cluster-api.ts';
import type { ResponseReader } from './response-reader.ts';

export interface PartitionAnswer {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
}

export interface PartitionRecords {
  readonly topic: string;
  readonly partition: number;
  readonly bytes: Buffer;
}

/** `transactionalId` null: outside of transactions. */
export type ProduceArguments = [transactionalId: string | null, timeoutMs: number, batches: readonly PartitionRecords[]];

/*
  Produce Request (Version: 9, 12) => transactional_id acks timeout_ms [topic_data] TAG_BUFFER
    topic_data => name [partition_data] TAG_BUFFER
      partition_data => index records TAG_BUFFER
  Produce Response (Version: 9, 12) => [responses] throttle_time_ms TAG_BUFFER
    responses => name [partition_responses] TAG_BUFFER
      partition_responses => index error_code base_offset log_append_time_ms log_start_offset [record_errors] error_message TAG_BUFFER
        record_errors => batch_index batch_index_error_message TAG_BUFFER
*/
export function produceApi(version: number): BrokerApi<ProduceArguments, PartitionAnswer[]> {
  return brokerApi<ProduceArguments, PartitionAnswer[]>(
    ApiKey.PRODUCE,
    version,
    (request, transactionalId, timeoutMs, batches) => {
      const byTopic = Map.groupBy(batches, (batch) => batch.topic);
      return request
        .appendString(transactionalId)
        .appendInt16(-1)
        .appendInt32(timeoutMs)
        .appendArray([...byTopic], (w, [topic, own]) => {
          w.appendString(topic).appendArray(own, (p, batch) => p.appendInt32(batch.partition).appendBytes(batch.bytes));
        })
        .appendTaggedFields();
    },
    (reader) =>
      readPartitionAnswers(reader, () => {
        for (let mark = 0; mark < 3; mark += 1) reader.readInt64();
        reader.readArray((r) => {
          r.readInt32();
          r.readNullableString();
        });
        reader.readNullableString();
      }),
  );
}

/** `skipRest` passes what an answer has behind a partition's error code. */
export function readPartitionAnswers(reader: ResponseReader, skipRest: () => void): PartitionAnswer[] {
  const answers: PartitionAnswer[] = [];
  reader.readArray((r) => {
    const topic = r.readString();
    r.readArray((p) => {
      answers.push({ topic, partition: p.readInt32(), errorCode: p.readInt16() });
      skipRest();
    });
  });
  return answers;
}
