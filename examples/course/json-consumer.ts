/** usage: json-consumer.ts TOPIC GROUP COUNT: reads so many rides as a member of a consumer group, and adds up what they cost. */
import type { Ride } from './rides-file.ts';
import { readMessages } from './read-messages.ts';

const [topic = '', group = '', count = '20'] = process.argv.slice(2);
let sum = 0;

await readMessages(topic, group, Number(count), async (message, place) => {
  const ride = JSON.parse(String(message.value)) as Ride;
  // TypeScript believes that every value of the topic is a Ride. Nobody has made sure of it.
  if (ride.total_amount === undefined) throw new Error(`${place}: this ride has no total_amount; it has ${Object.keys(ride).join(', ')}`);
  console.log(`${place}: from zone ${ride.pickup_zone}, ${ride.total_amount} dollars`);
  sum += ride.total_amount;
});
console.log(`${count} rides, ${sum.toFixed(2)} dollars in all`);
