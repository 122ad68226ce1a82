import { cellKinds } from './cell-kind.ts';
import type { TableModel } from './table-model.ts';

/** A number from 0 to `below` - 1 that looks random and depends on the row and `salt` alone. */
const draw = (salt: number, below: number): string => `(hashint8extended(id, ${salt}) & 2147483647)::int % ${below}`;
const pickup = `timestamp '2026-07-01' + make_interval(secs => (id % 2592000)::int)`;
const amount = (salt: number, below: number): string => `((${draw(salt, below)})::numeric / 100)::numeric(8,2)`;

/** 15 columns of the kinds that operational tables have: whole numbers, texts, times, decimals, a float, a flag. */
export const taxiTable: TableModel = {
  title: 'taxi trips, 15 columns',
  columns: [
    { name: 'vendor_id', type: 'integer', value: `1 + ${draw(1, 3)}`, kind: cellKinds.integer },
    { name: 'pickup_at', type: 'timestamp', value: pickup, kind: cellKinds.timestamp },
    { name: 'dropoff_at', type: 'timestamp', value: `${pickup} + make_interval(secs => 60 + ${draw(2, 5400)})`, kind: cellKinds.timestamp },
    { name: 'passenger_count', type: 'smallint', value: `1 + ${draw(3, 6)}`, kind: cellKinds.integer },
    { name: 'trip_distance', type: 'double precision', value: `(${draw(4, 3000)})::float8 / 100`, kind: cellKinds.float },
    { name: 'rate_code', type: 'integer', value: `1 + ${draw(5, 6)}`, kind: cellKinds.integer },
    { name: 'store_and_forward', type: 'boolean', value: `${draw(6, 50)} = 0`, kind: cellKinds.boolean },
    { name: 'pickup_zone', type: 'text', value: `'Zone ' || ${draw(7, 263)} || ' Upper West Side'`, kind: cellKinds.text },
    { name: 'dropoff_zone', type: 'text', value: `'Zone ' || ${draw(8, 263)} || ' Midtown'`, kind: cellKinds.text },
    { name: 'payment_type', type: 'text', value: `(ARRAY['card','cash','no charge','dispute'])[1 + ${draw(9, 4)}]`, kind: cellKinds.text },
    { name: 'fare', type: 'numeric(8,2)', value: amount(10, 9000), kind: cellKinds.cents },
    { name: 'tip', type: 'numeric(8,2)', value: amount(11, 2000), kind: cellKinds.cents },
    { name: 'total', type: 'numeric(8,2)', value: amount(12, 12_000), kind: cellKinds.cents },
    {
      name: 'created_at',
      type: 'timestamptz',
      value: `(${pickup}) AT TIME ZONE 'UTC' + make_interval(secs => (${draw(13, 1000)})::float8 / 1000)`,
      kind: cellKinds.zonedTimestamp,
    },
  ],
};
