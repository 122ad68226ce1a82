import {
  address,
  choose,
  counted,
  date,
  digits,
  matching,
  pick,
  quickstart,
  range,
  record,
  table,
  timestamp,
  uuid,
  type Quickstart,
} from './quickstart-schema.ts';
import type { JsonObject } from './json-value.ts';
import { firstNames, lastNames, syllables } from './word-lists.ts';

/** Shared, so that orders and clicks refer to products and customers that exist. */
const shoeIds = table(643, 21n, (random) => uuid(random));
const shoeCustomerIds = table(301, 22n, (random) => uuid(random));

const pizzaLines = table(100, 23n, (random, index): JsonObject => {
  const quantity = 1 + random.below(5);
  const cents = 299 + random.below(1500);
  return {
    product_id: index + 1,
    category: choose(random, ['pizza', 'calzone', 'salad', 'dessert', 'drinks', 'wings']),
    quantity,
    unit_price: cents / 100,
    net_price: (cents * quantity) / 100,
  };
});

const places: readonly (readonly [string, string])[] = [
  ['Raleigh', 'NC'],
  ['Chicago', 'IL'],
  ['Sacramento', 'CA'],
  ['Austin', 'TX'],
  ['Boston', 'MA'],
  ['Atlanta', 'GA'],
  ['Portland', 'OR'],
];

/** Sold, bought and delivered things. */
export const tradeQuickstarts: Readonly<Record<string, Quickstart>> = {
  orders: quickstart('ksql', 'orders', 'orderid', {
    ordertime: range('long', 1_487_715_775_521, 1_519_273_364_600),
    orderid: counted('int', 0),
    itemid: matching('Item_[1-9][0-9]{0,2}'),
    orderunits: range('double', 0.1, 10),
    address: record('address', {
      city: matching('City_[1-9]{0,2}'),
      state: matching('State_[1-9]{0,2}'),
      zipcode: range('long', 10_000, 99_999),
    }),
  }),
  stock_trades: quickstart('ksql', 'StockTrade', 'symbol', {
    side: pick('string', ['BUY', 'SELL']),
    quantity: range('int', 1, 5000),
    symbol: pick('string', ['ZBZX', 'ZJZZT', 'ZTEST', 'ZVV', 'ZVZZT', 'ZWZZT', 'ZXZZT']),
    price: range('int', 5, 1000),
    account: pick('string', ['ABC123', 'LMN456', 'XYZ789']),
    userid: matching('User_[1-9]'),
  }),
  inventory: quickstart('ksql', 'inventory', 'id', { id: counted('long', 0), quantity: counted('long', 0), productid: counted('long', 0) }),
  product: quickstart('ksql', 'product', 'id', {
    id: counted('long', 0),
    name: counted('string', 0),
    description: counted('string', 0),
    price: counted('double', 0),
  }),
  purchases: quickstart('datagen.example', 'purchase', 'id', {
    id: counted('long', 0),
    item_type: pick('string', 'belt blanket boots candle cap chair coat glove kettle lamp mug pillow scarf shirt towel vase'.split(' ')),
    quantity: range('long', 1, 10),
    price_per_unit: range('bytes', 10, 50, { logicalType: 'decimal', precision: 4, scale: 2 }),
  }),
  transactions: quickstart('datagen.example', 'transactions', 'transaction_id', {
    transaction_id: counted('long', 1),
    card_id: range('long', 1, 24),
    user_id: matching('User_[1-9]{0,1}'),
    purchase_id: counted('long', 0),
    store_id: range('int', 1, 7),
  }),
  stores: quickstart(
    'datagen.example',
    'stores',
    'store_id',
    { store_id: 'int', city: 'string', state: 'string' },
    places.map(([city, state], index) => ({ store_id: index + 1, city, state })),
  ),
  credit_cards: quickstart(
    'datagen.example',
    'users',
    'card_id',
    { card_id: 'int', card_number: 'long', cvv: 'int', expiration_date: 'string' },
    table(24, 24n, (random, index) => ({
      card_id: index + 1,
      // No issuer has cards that begin with 9999.
      card_number: Number(`9999${digits(random, 11)}`),
      cvv: 100 + random.below(900),
      expiration_date: `${String(1 + random.below(12)).padStart(2, '0')}/${27 + random.below(6)}`,
    })),
  ),
  campaign_finance: quickstart('datagen', 'campaign_finance', 'candidate_id', {
    time: range('long', 1_587_715_775_521, 1_619_273_364_600),
    candidate_id: matching('[A-Z][1-9]{8,8}'),
    party_affiliation: pick('string', ['REP', 'DEM', 'IND']),
    contribution: range('int', 20, 3500),
  }),
  fleet_mgmt_description: quickstart('fleet_mgmt', 'fleet_mgmt_description', 'vehicle_id', {
    vehicle_id: range('int', 1000, 9999),
    driver_name: pick(
      'string',
      table(100, 25n, (random) => `${choose(random, firstNames)} ${choose(random, lastNames)}`),
    ),
    license_plate: matching(String.raw`[A-Z]{2}\d{6}[A-Z]`),
  }),
  fleet_mgmt_location: quickstart('fleet_mgmt', 'fleet_mgmt_location', 'vehicle_id', {
    vehicle_id: range('int', 1000, 9999),
    location: record(
      'location',
      { latitude: 'double', longitude: 'double' },
      table(30, 26n, (random) => ({
        latitude: Number((48 + random.double()).toFixed(6)),
        longitude: Number((11 + random.double()).toFixed(6)),
      })),
    ),
    ts: counted('long', 1_609_459_200_000, 100_000, timestamp),
  }),
  fleet_mgmt_sensors: quickstart('fleet_mgmt', 'fleet_mgmt_sensors', 'vehicle_id', {
    vehicle_id: range('int', 1000, 9999),
    engine_temperature: range('int', 150, 250),
    average_rpm: range('int', 1800, 5000),
  }),
  pizza_orders: quickstart('pizza_orders', 'pizza_orders', 'store_id', {
    store_id: range('int', 1, 10),
    store_order_id: counted('int', 1000),
    coupon_code: range('int', 1000, 2000),
    date: range('int', 18_000, 19_000, date),
    status: pick('string', ['accepted']),
    order_lines: {
      type: 'array',
      items: record(
        'order_line',
        { product_id: 'int', category: 'string', quantity: 'int', unit_price: 'double', net_price: 'double' },
        pizzaLines,
      ),
      'arg.properties': { length: { min: 1, max: 5 } },
    },
  }),
  pizza_orders_completed: quickstart('pizza_orders', 'pizza_orders_completed', 'store_id', {
    store_id: range('int', 1, 10),
    store_order_id: counted('int', 1000, 2),
    date: range('int', 18_000, 19_000, date),
    status: pick('string', ['completed']),
    rack_time_secs: range('int', 130, 230),
    order_delivery_time_secs: range('int', 1100, 2000),
  }),
  pizza_orders_cancelled: quickstart('pizza_orders', 'pizza_orders_cancelled', 'store_id', {
    store_id: range('int', 1, 10),
    store_order_id: counted('int', 1001, 2),
    date: range('int', 18_000, 19_000, date),
    status: pick('string', ['cancelled']),
  }),
  insurance_offers: quickstart(
    'insurance',
    'insurance_offers',
    'offer_id',
    { offer_id: 'int', offer_name: 'string', offer_url: 'string' },
    ['new_customer', 'safe_driver', 'two_policies', 'paperless', 'loyalty'].map((name, index) => ({
      offer_id: index + 1,
      offer_name: name,
      offer_url: `https://insurance.example.com/offers/${name}`,
    })),
  ),
  insurance_customers: quickstart(
    'insurance',
    'insurance_customers',
    'customer_id',
    {
      customer_id: 'int',
      first_name: 'string',
      last_name: 'string',
      email: 'string',
      gender: 'string',
      income: 'int',
      fico: 'int',
      years_active: 'int',
    },
    table(150, 27n, (random, index) => {
      const [first, last] = [choose(random, firstNames), choose(random, lastNames)];
      return {
        customer_id: index + 1,
        first_name: first,
        last_name: last,
        email: `${first}.${last}${index}@example.com`.toLowerCase(),
        gender: choose(random, ['Female', 'Male', 'Other']),
        income: 20_000 + random.below(180) * 1000,
        fico: 400 + random.below(450),
        years_active: random.below(30),
      };
    }),
  ),
  insurance_customer_activity: quickstart('insurance', 'insurance_customer_activity', 'activity_id', {
    activity_id: counted('int', 1),
    customer_id: pick(
      'int',
      Array.from({ length: 150 }, (_, index) => index + 1),
    ),
    activity_type: pick('string', ['web_open', 'mobile_open', 'new_account']),
    propensity_to_churn: range('double', 0.01, 1),
    ip_address: pick(
      'string',
      table(50, 28n, (random) => address(random)),
    ),
  }),
  shoes: quickstart(
    'shoes',
    'shoe_product',
    'id',
    { id: 'string', brand: 'string', name: 'string', sale_price: 'int', rating: 'double' },
    shoeIds.map((id, index) => {
      const [row] = table(1, BigInt(1000 + index), (random) => ({
        id,
        brand: choose(random, ['Alder', 'Birch', 'Cedar', 'Hazel', 'Maple', 'Rowan']),
        name: `${choose(random, ['Trail', 'Road', 'Court', 'City', 'Studio'])} ${choose(random, syllables)}${choose(random, syllables)} ${1 + random.below(20)}`,
        sale_price: 1999 + random.below(20_000),
        rating: random.below(51) / 10,
      }));
      return row ?? {};
    }),
  ),
  shoe_customers: quickstart('shoes', 'shoe_customers', 'id', shoeCustomerFields(), shoeCustomerIds.map(shoeCustomer)),
  shoe_orders: quickstart('shoes', 'shoe_orders', 'order_id', {
    order_id: counted('int', 1000),
    product_id: pick('string', shoeIds),
    customer_id: pick('string', shoeCustomerIds),
    ts: counted('long', 1_609_459_200_000, 100_000, timestamp),
  }),
  shoe_clickstream: quickstart('shoes', 'shoe_clickstream', 'product_id', {
    product_id: pick('string', shoeIds),
    user_id: pick('string', shoeCustomerIds),
    view_time: range('int', 10, 120),
    page_url: matching('https://www[.]acme[.]com/product/[a-z]{5}'),
    ip: pick(
      'string',
      table(100, 29n, (random) => address(random)),
    ),
    ts: counted('long', 1_609_457_200_000, 10_000, timestamp),
  }),
};

function shoeCustomerFields(): JsonObject {
  const names = ['id', 'first_name', 'last_name', 'email', 'phone', 'street_address', 'state', 'zip_code', 'country', 'country_code'];
  return Object.fromEntries(names.map((name) => [name, 'string']));
}

function shoeCustomer(id: string, index: number): JsonObject {
  const [row] = table(1, BigInt(2000 + index), (random): JsonObject => {
    const [first, last] = [choose(random, firstNames), choose(random, lastNames)];
    return {
      id,
      first_name: first,
      last_name: last,
      email: `${first}.${last}${index}@example.com`.toLowerCase(),
      phone: `555-01${digits(random, 2)}`,
      street_address: `${1 + random.below(999)} ${choose(random, ['Oak', 'Elm', 'Mill', 'River', 'Hill'])} Street`,
      state: choose(random, places)[1],
      zip_code: digits(random, 5),
      country: 'United States',
      country_code: 'US',
    };
  });
  return row ?? {};
}
