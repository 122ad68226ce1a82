"""Reads whole topics with Confluent's own client, read committed, and prints topic and value of each record.

usage: read_values.py BOOTSTRAP TOPIC...
"""

import sys
import uuid

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition


def main(bootstrap, topics):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"python-reader-{uuid.uuid4()}",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
            "check.crcs": True,
        }
    )
    open_partitions = {(topic, 0) for topic in topics}
    consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in open_partitions])
    while open_partitions:
        message = consumer.poll(30)
        if message is None:
            raise SystemExit(f"no answer for 30 s, still open: {sorted(open_partitions)}")
        if message.error() is None:
            print(message.topic(), message.value().decode(), sep="\t")
        elif message.error().code() == KafkaError._PARTITION_EOF:
            open_partitions.discard((message.topic(), message.partition()))
        else:
            raise KafkaException(message.error())
    consumer.close()


main(sys.argv[1], sys.argv[2:])
