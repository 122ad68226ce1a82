/** usage: avro-consumer.ts TOPIC GROUP COUNT: reads rides with the schema that each of them was written with. */
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { readMessages } from './read-messages.ts';
import type { Ride } from './rides-file.ts';

const [topic = '', group = '', count = '20'] = process.argv.slice(2);
const registry = new SchemaRegistry({ host: process.env['SCHEMA_REGISTRY_URL'] ?? 'http://127.0.0.1:8081' });
let sum = 0;

await readMessages(topic, group, Number(count), async (message, place) => {
  // A message begins with the number of its schema; the decoder asks the registry for it, once.
  const ride = (await registry.decode(message.value ?? Buffer.alloc(0))) as Ride & { tip_amount?: number | null };
  const tip = ride.tip_amount === undefined ? '' : `, tip ${ride.tip_amount}`;
  console.log(`${place}: from zone ${ride.pickup_zone}, ${ride.total_amount.toFixed(2)} dollars${tip}`);
  sum += ride.total_amount;
});
console.log(`${count} rides, ${sum.toFixed(2)} dollars in all`);
