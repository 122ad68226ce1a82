"""Reads whole topics with Confluent's own client and AvroDeserializer, read committed, and prints each record as JSON.

usage: read_avro.py BOOTSTRAP REGISTRY_URL TOPIC...
Each line: {"topic", "partition", "offset", "rawKey" (base64 or null), "key", "value"}. Ends at the end of the topics.
"""

import base64
import datetime
import decimal
import json
import sys
import uuid

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext


def plain(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, (decimal.Decimal, datetime.date, datetime.time, datetime.datetime, uuid.UUID)):
        return str(value)
    raise TypeError(type(value))


def main(bootstrap, registry, topics):
    deserializer = AvroDeserializer(SchemaRegistryClient({"url": registry}))
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"python-reader-{uuid.uuid4()}",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    open_partitions = set()
    for topic in topics:
        found = consumer.list_topics(topic, timeout=30).topics[topic]
        if found.error is not None:
            raise KafkaException(found.error)
        open_partitions |= {(topic, partition) for partition in found.partitions}
    consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in open_partitions])
    while open_partitions:
        message = consumer.poll(30)
        if message is None:
            raise SystemExit(f"no answer for 30 s, still open: {sorted(open_partitions)}")
        if message.error() is not None:
            if message.error().code() != KafkaError._PARTITION_EOF:
                raise KafkaException(message.error())
            open_partitions.discard((message.topic(), message.partition()))
            continue
        key, value = message.key(), message.value()
        topic = message.topic()
        record = {
            "topic": topic,
            "partition": message.partition(),
            "offset": message.offset(),
            "rawKey": None if key is None else base64.b64encode(key).decode(),
            "key": None if key is None else deserializer(key, SerializationContext(topic, MessageField.KEY)),
            "value": None if value is None else deserializer(value, SerializationContext(topic, MessageField.VALUE)),
        }
        print(json.dumps(record, default=plain))
    consumer.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
