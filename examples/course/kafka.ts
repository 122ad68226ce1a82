import kafkajs from 'kafkajs';

/** Every Kafka client begins with the address of a broker; it learns of the others from that one. */
export const kafka = new kafkajs.Kafka({
  clientId: 'course',
  brokers: (process.env['KAFKA_BOOTSTRAP_SERVERS'] ?? '127.0.0.1:9092').split(','),
  logLevel: kafkajs.logLevel.NOTHING,
});

/** With Java's partitioner: a key finds the same partition whoever writes it. */
export const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
