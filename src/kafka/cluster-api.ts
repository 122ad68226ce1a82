import { brokerApi } from './broker-api.ts';
import type { ResponseReader } from './response-reader.ts';

/**
 * The requests of Kafka's protocol that need no state: versions, metadata, coordinators, offsets, fetch. These
 * return error codes as numbers, so that each caller decides per topic or partition.
 * Versions are the oldest flexible ones that have what is needed: every broker from 3.0 to 4.x speaks them.
 */

export interface ApiVersionsResponse {
  readonly errorCode: number;
  /** The highest version of each API by API key. */
  readonly versionMax: ReadonlyMap<number, number>;
  /** Finalized feature levels: `transaction.version`, `metadata.version`. */
  readonly features: ReadonlyMap<string, number>;
}

export const ApiKey = {
  PRODUCE: 0,
  FETCH: 1,
  LIST_OFFSETS: 2,
  METADATA: 3,
  FIND_COORDINATOR: 10,
  INIT_PRODUCER_ID: 22,
  END_TXN: 26,
} as const;

/*
  ApiVersions Response (Version: 3) => error_code [api_keys] throttle_time_ms TAG_BUFFER
    api_keys => api_key min_version max_version TAG_BUFFER
    tag 2: finalized_features => [name max_version_level min_version_level TAG_BUFFER]
*/
export const apiVersionsApi = brokerApi<[], ApiVersionsResponse>(
  18,
  3,
  (request) => request.appendString('millrace').appendString('1').appendTaggedFields(),
  (reader) => {
    const errorCode = reader.readInt16();
    const versionMax = new Map<number, number>();
    reader.readArray((r) => {
      const key = r.readInt16();
      r.readInt16();
      versionMax.set(key, r.readInt16());
    });
    const features = new Map<string, number>();
    if (errorCode === 0) {
      reader.readInt32();
      reader.readTaggedFields((tag) => {
        if (tag === 2) readFeatures(reader, features);
      });
    }
    return { errorCode, versionMax, features };
  },
  { request: true, response: false },
);

function readFeatures(reader: ResponseReader, features: Map<string, number>): void {
  reader.readArray((r) => {
    const name = r.readString();
    features.set(name, r.readInt16());
    r.readInt16();
  });
}

export interface MetadataResponse {
  readonly brokers: readonly { readonly id: number; readonly host: string; readonly port: number }[];
  readonly clusterId: string | null;
  /** -1 while there is none. */
  readonly controllerId: number;
  readonly topics: readonly { readonly errorCode: number; readonly name: string; readonly partitions: readonly PartitionMetadata[] }[];
}

export interface PartitionMetadata {
  readonly errorCode: number;
  readonly partition: number;
  /** -1 while there is none. */
  readonly leader: number;
  /** How many there are to be. */
  readonly replicas: number;
}

/*
  Metadata Request (Version: 9) => [topics] allow_auto_topic_creation include_cluster_authorized_operations include_topic_authorized_operations TAG_BUFFER
    topics => name TAG_BUFFER
  Metadata Response (Version: 9) => throttle_time_ms [brokers] cluster_id controller_id [topics] cluster_authorized_operations TAG_BUFFER
    brokers => node_id host port rack TAG_BUFFER
    topics => error_code name is_internal [partitions] topic_authorized_operations TAG_BUFFER
      partitions => error_code partition_index leader_id leader_epoch [replica_nodes] [isr_nodes] [offline_replicas] TAG_BUFFER
*/
export const metadataApi = brokerApi<[topics: readonly string[], autoCreate: boolean], MetadataResponse>(
  ApiKey.METADATA,
  9,
  (request, topics, autoCreate) =>
    request
      .appendArray(topics, (w, name) => w.appendString(name))
      .appendBoolean(autoCreate)
      .appendBoolean(false)
      .appendBoolean(false)
      .appendTaggedFields(),
  (reader) => {
    reader.readInt32();
    const brokers = reader.readArray((r) => {
      const broker = { id: r.readInt32(), host: r.readString(), port: r.readInt32() };
      r.readNullableString();
      return broker;
    });
    const clusterId = reader.readNullableString();
    const controllerId = reader.readInt32();
    const topics = reader.readArray((r) => {
      const errorCode = r.readInt16();
      const name = r.readString();
      r.readBoolean();
      const partitions = r.readArray(readPartition);
      r.readInt32();
      return { errorCode, name, partitions };
    });
    return { brokers, clusterId, controllerId, topics };
  },
);

function readPartition(reader: ResponseReader): PartitionMetadata {
  const [errorCode, partition, leader] = [reader.readInt16(), reader.readInt32(), reader.readInt32()];
  reader.readInt32();
  const replicas = reader.readArray((r) => r.readInt32(), false).length;
  for (let list = 0; list < 2; list += 1) reader.readArray((r) => r.readInt32(), false);
  return { errorCode, partition, leader, replicas };
}

export interface CoordinatorResponse {
  readonly errorCode: number;
  readonly id: number;
  readonly host: string;
  readonly port: number;
}

/** `kind` 0: consumer group, 1: transactional id. */
export const findCoordinatorApi = brokerApi<[kind: number, key: string], CoordinatorResponse>(
  ApiKey.FIND_COORDINATOR,
  3,
  (request, kind, key) => request.appendString(key).appendInt8(kind).appendTaggedFields(),
  (reader) => {
    reader.readInt32();
    const errorCode = reader.readInt16();
    reader.readNullableString();
    return { errorCode, id: reader.readInt32(), host: reader.readString(), port: reader.readInt32() };
  },
);

export interface PartitionOffset {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly offset: bigint;
}

export const OffsetSpec = { LATEST: -1n, EARLIEST: -2n } as const;

/*
  ListOffsets Request (Version: 6) => replica_id isolation_level [topics] TAG_BUFFER
    topics => name [partitions] TAG_BUFFER
      partitions => partition_index current_leader_epoch timestamp TAG_BUFFER
  Isolation is always read_uncommitted, so that LATEST is the high watermark and not the end of what is committed yet.
*/
export const listOffsetsApi = brokerApi<[topic: string, partitions: readonly number[], timestamp: bigint], PartitionOffset[]>(
  ApiKey.LIST_OFFSETS,
  6,
  (request, topic, partitions, timestamp) =>
    request
      .appendInt32(-1)
      .appendInt8(0)
      .appendArray([topic], (w, name) => {
        w.appendString(name).appendArray(partitions, (p, partition) => p.appendInt32(partition).appendInt32(-1).appendInt64(timestamp));
      })
      .appendTaggedFields(),
  (reader) => {
    reader.readInt32();
    const found: PartitionOffset[] = [];
    reader.readArray((r) => {
      const name = r.readString();
      r.readArray((p) => {
        const [partition, errorCode] = [p.readInt32(), p.readInt16()];
        p.readInt64();
        found.push({ topic: name, partition, errorCode, offset: p.readInt64() });
        p.readInt32();
      });
    });
    return found;
  },
);

export interface FetchPartition {
  readonly partition: number;
  readonly offset: bigint;
}

export interface FetchedPartition {
  readonly partition: number;
  readonly errorCode: number;
  readonly aborted: readonly { readonly producerId: bigint; readonly firstOffset: bigint }[];
  readonly records: Buffer | null;
}

export interface FetchResponse {
  readonly errorCode: number;
  readonly partitions: readonly FetchedPartition[];
}

/*
  Fetch Request (Version: 12) => replica_id max_wait_ms min_bytes max_bytes isolation_level session_id session_epoch [topics] [forgotten] rack_id TAG_BUFFER
    topics => topic [partitions] TAG_BUFFER
      partitions => partition current_leader_epoch fetch_offset last_fetched_epoch log_start_offset partition_max_bytes TAG_BUFFER
  Isolation is always read_committed. Version 12 is the last one that names topics by name.
*/
export const fetchApi = brokerApi<[topic: string, partitions: readonly FetchPartition[], waitMs: number, bytesMax: number], FetchResponse>(
  ApiKey.FETCH,
  12,
  (request, topic, partitions, waitMs, bytesMax) =>
    request
      .appendInt32(-1)
      .appendInt32(waitMs)
      .appendInt32(1)
      .appendInt32(bytesMax)
      .appendInt8(1)
      .appendInt32(0)
      .appendInt32(-1)
      .appendArray([topic], (w, name) => {
        w.appendString(name).appendArray(partitions, (p, { partition, offset }) =>
          p.appendInt32(partition).appendInt32(-1).appendInt64(offset).appendInt32(-1).appendInt64(-1n).appendInt32(bytesMax),
        );
      })
      .appendArray([], () => undefined)
      .appendString('')
      .appendTaggedFields(),
  (reader) => {
    reader.readInt32();
    const errorCode = reader.readInt16();
    reader.readInt32();
    const partitions: FetchedPartition[] = [];
    reader.readArray((r) => {
      r.readString();
      r.readArray((p) => void partitions.push(readFetchedPartition(p)));
    });
    return { errorCode, partitions };
  },
);

function readFetchedPartition(reader: ResponseReader): FetchedPartition {
  const [partition, errorCode] = [reader.readInt32(), reader.readInt16()];
  for (let mark = 0; mark < 3; mark += 1) reader.readInt64();
  const aborted = reader.readArray((r) => ({ producerId: r.readInt64(), firstOffset: r.readInt64() }));
  reader.readInt32();
  return { partition, errorCode, aborted, records: reader.readNullableBytes() };
}
