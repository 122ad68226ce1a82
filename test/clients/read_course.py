"""Reads a topic as a Python client of the course does, with that client's library, models and reader schemas.

usage: read_course.py BOOTSTRAP REGISTRY_URL CLIENT=TOPIC...
CLIENT: rides_json, rides_csv (kafka-python), rides_avro, avro_2022, java_avro (confluent-kafka), faust (kafka-python for the
bytes, faust's own Record for the rules). Prints each record as JSON: {"client", "key", "value"}, with texts for decimals and
moments, or {"client", "error"} where the client gave up. Ends when a topic has been read to where it ended at the start; the records must be there by then.
"""

import datetime
import decimal
import json
import sys
import traceback
import uuid


class Ride:
    """The JSON client's class: from the CSV file's 18 cells in the producer, from a dictionary in the consumer."""

    def __init__(self, arr):
        self.vendor_id = arr[0]
        self.tpep_pickup_datetime = datetime.datetime.strptime(arr[1], "%Y-%m-%d %H:%M:%S")
        self.tpep_dropoff_datetime = datetime.datetime.strptime(arr[2], "%Y-%m-%d %H:%M:%S")
        self.passenger_count = int(arr[3])
        self.trip_distance = decimal.Decimal(arr[4])
        self.rate_code_id = int(arr[5])
        self.store_and_fwd_flag = arr[6]
        self.pu_location_id = int(arr[7])
        self.do_location_id = int(arr[8])
        self.payment_type = arr[9]
        self.fare_amount = decimal.Decimal(arr[10])
        self.extra = decimal.Decimal(arr[11])
        self.mta_tax = decimal.Decimal(arr[12])
        self.tip_amount = decimal.Decimal(arr[13])
        self.tolls_amount = decimal.Decimal(arr[14])
        self.improvement_surcharge = decimal.Decimal(arr[15])
        self.total_amount = decimal.Decimal(arr[16])
        self.congestion_surcharge = decimal.Decimal(arr[17])

    NAMES = (
        "vendor_id tpep_pickup_datetime tpep_dropoff_datetime passenger_count trip_distance rate_code_id store_and_fwd_flag "
        "pu_location_id do_location_id payment_type fare_amount extra mta_tax tip_amount tolls_amount improvement_surcharge "
        "total_amount congestion_surcharge"
    ).split()

    @classmethod
    def from_dict(cls, d):
        # The moments are arrays of one text. Every object becomes a ride, so that a nested one ends the client.
        return cls([d[name][0] if name.endswith("_datetime") else d[name] for name in cls.NAMES])


def kafka_python(bootstrap, topic, key_deserializer, value_deserializer):
    from kafka import KafkaConsumer, TopicPartition

    consumer = KafkaConsumer(
        bootstrap_servers=[bootstrap],
        auto_offset_reset="earliest",
        enable_auto_commit=True,
        group_id=f"course-{uuid.uuid4()}",
        isolation_level="read_committed",
        key_deserializer=key_deserializer,
        value_deserializer=value_deserializer,
    )
    places = [TopicPartition(topic, partition) for partition in consumer.partitions_for_topic(topic)]
    consumer.assign(places)
    ends = consumer.end_offsets(places)
    idle = 0
    # The last offset of a partition is the mark of a transaction, which no client is given.
    while any(consumer.position(place) < end - 1 for place, end in ends.items()):
        found = consumer.poll(timeout_ms=500)
        idle = 0 if found else idle + 1
        if idle > 60:
            raise RuntimeError(f"no record for 30 s; {topic} was not read to its end")
        for records in found.values():
            yield from ((record.key, record.value) for record in records)
    consumer.close()


def rides_json(bootstrap, _registry, topic):
    loads = lambda text: json.loads(text.decode("utf-8"), object_hook=Ride.from_dict)
    for key, ride in kafka_python(bootstrap, topic, lambda key: int(key.decode("utf-8")), loads):
        yield key, vars(ride)


def rides_csv(bootstrap, _registry, topic):
    return kafka_python(bootstrap, topic, lambda key: int(key.decode("utf-8")), lambda value: value.decode("utf-8"))


def schema(name, *fields):
    record = {"type": "record", "namespace": "com.datatalksclub.taxi", "name": name}
    return json.dumps({**record, "fields": [{"name": field, "type": type} for field, type in fields]})


NUMBERS = (("passenger_count", "int"), ("trip_distance", "float"), ("payment_type", "int"), ("total_amount", "float"))


def confluent(bootstrap, registry, topic, key_schema=None, value_schema=None):
    from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
    from confluent_kafka.schema_registry import SchemaRegistryClient
    from confluent_kafka.schema_registry.avro import AvroDeserializer
    from confluent_kafka.serialization import MessageField, SerializationContext

    client = SchemaRegistryClient({"url": registry})
    key_of = AvroDeserializer(schema_registry_client=client, schema_str=key_schema)
    value_of = AvroDeserializer(schema_registry_client=client, schema_str=value_schema)
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"course-{uuid.uuid4()}",
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
        }
    )
    partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
    consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
    unread = set(partitions)
    while unread:
        message = consumer.poll(30)
        if message is None:
            raise RuntimeError(f"no answer for 30 s; {topic} was not read to its end")
        if message.error() is not None:
            if message.error().code() != KafkaError._PARTITION_EOF:
                raise KafkaException(message.error())
            unread.discard(message.partition())
            continue
        # The course's Java Avro producer has keys of text.
        key = message.key()
        if key_schema is not None or key[:1] == b"\0":
            key = key_of(key, SerializationContext(topic, MessageField.KEY))
        else:
            key = key.decode("utf-8")
        yield key, value_of(message.value(), SerializationContext(topic, MessageField.VALUE))
    consumer.close()


def rides_avro(bootstrap, registry, topic):
    key = schema("RideRecordKey", ("vendor_id", "int"))
    return confluent(bootstrap, registry, topic, key, schema("RideRecord", ("vendor_id", "int"), *NUMBERS))


def faust(bootstrap, _registry, topic):
    from faust import Record

    class TaxiRide(Record, validation=True):
        vendorId: str
        passenger_count: int
        trip_distance: float
        payment_type: int
        total_amount: float

    for key, value in kafka_python(bootstrap, topic, None, None):
        ride = TaxiRide.loads(value, serializer="json")
        if ride.validation_errors:
            raise RuntimeError(f"faust refuses a ride: {ride.validation_errors}")
        yield key.decode("utf-8"), ride.asdict()


CLIENTS = {
    "rides_json": rides_json,
    "rides_csv": rides_csv,
    "rides_avro": rides_avro,
    "avro_2022": confluent,
    "java_avro": confluent,
    "faust": faust,
}


def main(bootstrap, registry, topics):
    for client, topic in (pair.split("=") for pair in topics):
        try:
            for key, value in CLIENTS[client](bootstrap, registry, topic):
                print(json.dumps({"client": client, "key": key, "value": value}, default=str))
        except Exception:
            print(json.dumps({"client": client, "error": traceback.format_exc()}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
