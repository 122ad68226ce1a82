/** usage: avro-producer.ts TOPIC SCHEMA_FILE COUNT: the first rides as Avro, their schema registered for the topic. */
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import avro from 'avsc';
import { readFileSync } from 'node:fs';
import { producer } from './kafka.ts';
import { readRides } from './rides-file.ts';

const [topic = '', schemaFile = '', count = '20'] = process.argv.slice(2);
const registry = new SchemaRegistry({ host: process.env['SCHEMA_REGISTRY_URL'] ?? 'http://127.0.0.1:8081' });
const schema = readFileSync(schemaFile, 'utf8');

// The registry answers with a number, or refuses: then nothing is written.
const subject = `${topic}-value`;
const { id } = await registry.register({ type: SchemaType.AVRO, schema }, { subject }).catch((error: Error) => {
  console.error(`refused by the registry, nothing written: ${error.message}`);
  process.exit(1);
});

const fields = new Set((avro.parse(JSON.parse(schema)) as avro.types.RecordType).fields.map(({ name }) => name));
const rides = readRides(Number(count)).map((ride) => ({ ...ride, vendor: ride.vendor_id, tip_amount: 1.5 }));
const messages = rides.map(async (ride) => {
  const value = Object.fromEntries(Object.entries(ride).filter(([name]) => fields.has(name)));
  return { key: String(ride.pickup_zone), value: await registry.encode(id, value) };
});
await producer.connect();
await producer.send({ topic, messages: await Promise.all(messages) });
await producer.disconnect();
console.log(`${messages.length} rides written with schema ${id}`);
