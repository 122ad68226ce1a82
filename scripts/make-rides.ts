/**
 * Writes `config/data/rides.csv`, the sample the demo reads: `node scripts/make-rides.ts > config/data/rides.csv`.
 *
 * Made-up taxi rides in the columns of New York's trip records. Every number comes from one seeded generator, so the
 * file is the same on every machine. Rides are ordered by the end of the ride, as meters report them; amounts follow
 * a meter (start fee, per mile, per minute) with night surcharge, tips on card payments, a few refunds.
 */
import { stdout } from 'node:process';

const rowCount = 750;
const seed = 20_200_701;
const firstPickup = Date.UTC(2020, 6, 1, 0, 0, 0);

/** Mulberry32: 32 bits of state, good enough for a sample and the same everywhere. */
function generator(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

const random = generator(seed);
const between = (low: number, high: number): number => low + random() * (high - low);
const whole = (low: number, high: number): number => Math.floor(between(low, high + 1));
const weighted = <T>(choices: readonly (readonly [T, number])[], otherwise: T): T => {
  let rest = random();
  for (const [value, share] of choices) {
    rest -= share;
    if (rest < 0) return value;
  }
  return otherwise;
};

const pad = (value: number): string => String(value).padStart(2, '0');
const time = (at: Date): string =>
  `${at.getUTCFullYear()}-${pad(at.getUTCMonth() + 1)}-${pad(at.getUTCDate())} ${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}:${pad(at.getUTCSeconds())}`;
/** Cents as text without needless zeros: 1250 → 12.5. */
const money = (cents: number): string => String(cents / 100);
/** Hundredths of a mile, always with two digits and without a leading zero, as some meters print them: 80 → .80. */
const miles = (hundredths: number): string => (hundredths / 100).toFixed(2).replace(/^0/, '');

function ride(pickup: Date): { readonly end: number; readonly line: string } {
  const isAirport = random() < 0.04;
  const distance = isAirport ? whole(1500, 2100) : Math.round(20 + 600 * random() ** 2 + (random() < 0.15 ? 700 * random() : 0));
  const minutes = Math.max(1, (distance / 100) * between(2.2, 5.5));
  const dropoff = new Date(pickup.getTime() + Math.round(minutes * 60) * 1000);
  const sign = random() < 0.006 ? -1 : 1;
  const payment = sign < 0 ? 4 : weighted([[1, 0.62]], 2);
  const fare = isAirport ? 5200 : 250 + Math.round((distance * 2.5 + minutes * 20) / 50) * 50;
  const hour = pickup.getUTCHours();
  const extra = hour < 6 || hour >= 20 ? 50 : hour >= 16 ? 100 : 0;
  const congestion = random() < 0.7 ? 250 : 0;
  const tolls = isAirport && random() < 0.5 ? 612 : 0;
  const base = fare + extra + 50 + 30 + tolls + congestion;
  const tip =
    payment === 1
      ? Math.round(
          base *
            weighted(
              [
                [0.2, 0.5],
                [0.15, 0.2],
                [0.25, 0.15],
              ],
              0,
            ),
        )
      : 0;
  const cells = [
    weighted([[2, 0.66]], 1),
    time(pickup),
    time(dropoff),
    weighted(
      [
        [1, 0.74],
        [2, 0.14],
        [3, 0.04],
        [5, 0.03],
        [6, 0.02],
        [0, 0.01],
      ],
      4,
    ),
    miles(distance),
    isAirport ? 2 : 1,
    random() < 0.01 ? 'Y' : 'N',
    isAirport ? 132 : whole(4, 263),
    whole(4, 263),
    payment,
    money(sign * fare),
    money(sign * extra),
    money(sign * 50),
    money(tip),
    money(sign * tolls),
    money(sign * 30),
    money(sign * (base + tip)),
    money(sign * congestion),
  ];
  return { end: dropoff.getTime(), line: cells.join(',') };
}

const header =
  'VendorID,tpep_pickup_datetime,tpep_dropoff_datetime,passenger_count,trip_distance,RatecodeID,store_and_fwd_flag,PULocationID,DOLocationID,' +
  'payment_type,fare_amount,extra,mta_tax,tip_amount,tolls_amount,improvement_surcharge,total_amount,congestion_surcharge';

let pickupMs = firstPickup;
const rides = Array.from({ length: rowCount }, () => {
  pickupMs += whole(1, 40) * 1000;
  return ride(new Date(pickupMs));
});
rides.sort((left, right) => left.end - right.end);
stdout.write(`${[header, ...rides.map((made) => made.line)].join('\n')}\n`);
