import type { JsonObject } from './json-value.ts';
import { matching, pick, range, record } from './quickstart-schema.ts';
import { readScenario, type Scenario } from './scenario-spec.ts';
import { cityNames } from './word-lists.ts';

const reference = (table: string): JsonObject => ({ type: 'long', 'arg.properties': { reference: table } });
const moment = (which: string): JsonObject => ({ type: 'long', logicalType: 'timestamp-millis', 'arg.properties': { moment: which } });
const constant = (text: string): JsonObject => pick('string', [text]);
const money = (min: number, max: number): JsonObject => range('bytes', min, max, { logicalType: 'decimal', precision: 9, scale: 2 });
const again = { again: true };

/**
 * A shop. Its tables stay about as large as they are after a while: rows are archived, so it can run for ever. Customers
 * come and leave; orders are paid, shipped, delivered, returned or cancelled; prices change; each order belongs to a
 * customer and a product, each payment to an order, that are there for as long as it is.
 */
const shop: JsonObject = {
  tables: {
    customers: {
      schema: {
        ...record('Customer', {
          id: 'long',
          name: { type: 'string', 'arg.properties': { kind: 'name' } },
          email: { type: 'string', 'arg.properties': { kind: 'email' } },
          city: pick('string', cityNames),
          segment: constant('new'),
          created_at: moment('born'),
          updated_at: moment('changed'),
        }),
        namespace: 'shop',
      },
      key: 'id',
      initial: 100,
      every: 20,
      life: [
        {
          share: 5,
          steps: [
            { after: [300, 2000], set: { segment: 'regular' } },
            { after: [8000, 16_000], delete: true },
          ],
        },
        {
          share: 3,
          steps: [
            { after: [200, 4000], set: { city: again } },
            { after: [4000, 12_000], delete: true },
          ],
        },
        {
          share: 1,
          steps: [
            { after: [300, 1000], set: { segment: 'regular' } },
            { after: [500, 3000], set: { segment: 'gold' } },
            { after: [100, 5000], set: { email: again } },
            { after: [8000, 12_000], delete: true },
          ],
        },
        { share: 1, steps: [{ after: [1500, 3000], delete: true }] },
      ],
    },
    products: {
      schema: {
        ...record('Product', {
          id: 'long',
          name: matching('(Red|Blue|Green|Small|Large|Light) (lamp|chair|mug|kettle|blanket|shelf|clock)'),
          price: money(3, 250),
          updated_at: moment('changed'),
        }),
        namespace: 'shop',
      },
      key: 'id',
      initial: 60,
      every: 150,
      life: [
        {
          share: 1,
          steps: [
            { after: [500, 3000], set: { price: again } },
            { after: [2000, 6000], set: { price: again } },
            { after: [4000, 9000], delete: true },
          ],
        },
        { share: 1, steps: [{ after: [6000, 12_000], delete: true }] },
      ],
    },
    orders: {
      schema: {
        ...record('Order', {
          id: 'long',
          customer_id: reference('customers'),
          product_id: reference('products'),
          quantity: range('int', 1, 6),
          status: constant('placed'),
          note: ['null', { type: 'string', 'arg.properties': { options: ['gift', 'ring twice', 'leave at the door'] } }],
          created_at: moment('born'),
          updated_at: moment('changed'),
        }),
        namespace: 'shop',
      },
      key: 'id',
      every: 1,
      life: [
        {
          share: 80,
          steps: [
            { after: [1, 5], set: { status: 'paid' } },
            { after: [5, 40], set: { status: 'shipped' } },
            { after: [20, 120], set: { status: 'delivered' } },
            { after: [300, 500], delete: true },
          ],
        },
        {
          share: 12,
          steps: [
            { after: [1, 30], set: { status: 'cancelled' } },
            { after: [100, 300], delete: true },
          ],
        },
        {
          share: 8,
          steps: [
            { after: [1, 5], set: { status: 'paid' } },
            { after: [5, 40], set: { status: 'shipped' } },
            { after: [20, 120], set: { status: 'delivered' } },
            { after: [10, 100], set: { status: 'returned' } },
            { after: [200, 400], delete: true },
          ],
        },
      ],
    },
    payments: {
      schema: {
        ...record('Payment', {
          id: 'long',
          order_id: reference('orders'),
          amount: money(3, 900),
          method: pick('string', ['card', 'transfer', 'invoice']),
          status: constant('authorized'),
          updated_at: moment('changed'),
        }),
        namespace: 'shop',
      },
      key: 'id',
      every: 1.2,
      life: [
        {
          share: 19,
          steps: [
            { after: [1, 5], set: { status: 'captured' } },
            { after: [30, 60], delete: true },
          ],
        },
        {
          share: 1,
          steps: [
            { after: [1, 3], set: { status: 'failed' } },
            { after: [10, 20], delete: true },
          ],
        },
      ],
    },
  },
};

const scenarios: Readonly<Record<string, JsonObject>> = { shop };

/** In lower case and in order. */
export const scenarioNames: readonly string[] = Object.keys(scenarios).sort();

/** Whatever the letter case; null when there is none of that name. */
export function findScenario(name: string): Scenario | null {
  const found = scenarios[name.trim().toLowerCase()];
  return found === undefined ? null : readScenario(found);
}
