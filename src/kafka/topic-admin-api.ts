import { brokerApi } from './broker-api.ts';
import type { NewTopic } from './topic-admin.ts';

/** How long brokers may take to create a topic. */
const createTimeoutMs = 5_000;
const topicResource = 2;

export interface CreatedTopic {
  readonly name: string;
  readonly errorCode: number;
  /** The broker's own words. */
  readonly message: string | null;
}

/*
  CreateTopics Request (Version: 5) => [topics] timeout_ms validate_only TAG_BUFFER
    topics => name num_partitions replication_factor [assignments] [configs] TAG_BUFFER
      configs => name value TAG_BUFFER
  CreateTopics Response (Version: 5) => throttle_time_ms [topics] TAG_BUFFER
    topics => name error_code error_message num_partitions replication_factor [configs] TAG_BUFFER
      configs => name value read_only config_source is_sensitive TAG_BUFFER
*/
export const createTopicsApi = brokerApi<[topics: readonly NewTopic[], validateOnly: boolean], CreatedTopic[]>(
  19,
  5,
  (request, topics, validateOnly) =>
    request
      .appendArray(topics, (w, { name, partitions, replicationFactor, settings }) =>
        w
          .appendString(name)
          .appendInt32(partitions)
          .appendInt16(replicationFactor)
          .appendArray([], () => undefined)
          .appendArray(Object.entries(settings), (c, [key, value]) => c.appendString(key).appendString(value)),
      )
      .appendInt32(createTimeoutMs)
      .appendBoolean(validateOnly)
      .appendTaggedFields(),
  (reader) => {
    reader.readInt32();
    return reader.readArray((r) => {
      const topic = { name: r.readString(), errorCode: r.readInt16(), message: r.readNullableString() };
      r.readInt32();
      r.readInt16();
      r.readArray((c) => {
        c.readString();
        c.readNullableString();
        c.readBoolean();
        c.readInt8();
        c.readBoolean();
      });
      return topic;
    });
  },
);

export interface DescribedTopic {
  readonly name: string;
  readonly errorCode: number;
  readonly message: string | null;
  /** The setting that was asked for; null when it is not known. */
  readonly value: string | null;
}

/*
  DescribeConfigs Request (Version: 4) => [resources] include_synonyms include_documentation TAG_BUFFER
    resources => resource_type resource_name [configuration_keys] TAG_BUFFER
  DescribeConfigs Response (Version: 4) => throttle_time_ms [results] TAG_BUFFER
    results => error_code error_message resource_type resource_name [configs] TAG_BUFFER
      configs => name value read_only config_source is_sensitive [synonyms] config_type documentation TAG_BUFFER
        synonyms => name value source TAG_BUFFER
*/
export const describeSettingApi = brokerApi<[topics: readonly string[], setting: string], DescribedTopic[]>(
  32,
  4,
  (request, topics, setting) =>
    request
      .appendArray(topics, (w, topic) =>
        w
          .appendInt8(topicResource)
          .appendString(topic)
          .appendArray([setting], (k, key) => k.appendString(key), false),
      )
      .appendBoolean(false)
      .appendBoolean(false)
      .appendTaggedFields(),
  (reader) => {
    reader.readInt32();
    return reader.readArray((r) => {
      const [errorCode, message] = [r.readInt16(), r.readNullableString()];
      r.readInt8();
      const name = r.readString();
      const [value = null] = r.readArray((c) => {
        c.readString();
        const text = c.readNullableString();
        c.readBoolean();
        c.readInt8();
        c.readBoolean();
        c.readArray((s) => {
          s.readString();
          s.readNullableString();
          s.readInt8();
        });
        c.readInt8();
        c.readNullableString();
        return text;
      });
      return { name, errorCode, message, value };
    });
  },
);
