/** usage: json-producer.ts TOPIC COUNT: the first rides of the sample file as JSON, the pick-up zone as key. */
import { producer } from './kafka.ts';
import { readRides } from './rides-file.ts';

const [topic = '', count = '20'] = process.argv.slice(2);
const rides = readRides(Number(count));

await producer.connect();
await producer.send({
  topic,
  messages: rides.map((ride) => ({ key: String(ride.pickup_zone), value: JSON.stringify(ride) })),
});
await producer.disconnect();
console.log(`${rides.length} rides written`);
