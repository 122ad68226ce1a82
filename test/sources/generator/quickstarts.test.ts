import assert from 'node:assert/strict';
import { test } from 'node:test';
import { avroSchemaText } from '../../../src/avro/avro-schema.ts';
import { avroValueWriter } from '../../../src/avro/avro-value-writer.ts';
import { avscType } from '../../../src/avro/avsc-type.ts';
import { ByteSink } from '../../../src/base/byte-sink.ts';
import { jsonValueWriter } from '../../../src/json/json-value-writer.ts';
import { plainValueWriter } from '../../../src/json/plain-value-writer.ts';
import type { Change } from '../../../src/record/change.ts';
import type { Node, Shape } from '../../../src/record/shape.ts';
import { quickstartNames } from '../../../src/sources/generator/quickstarts.ts';
import { RowEncoder } from '../../../src/text/row-encoder.ts';
import { compileRow, type ValueWriter } from '../../../src/text/row-program.ts';
import { oneField, startGenerator } from './generator-run.ts';

/** Record, key and fields of every quickstart, as clients of the data generator know them. */
const known: Readonly<Record<string, string>> = {
  clickstream_codes: 'clickstream.codes code: code definition',
  clickstream: 'clickstream.events ip: ip userid remote_user time _time request status bytes referrer agent',
  clickstream_users: 'clickstream.users user_id: user_id username registered_at first_name last_name city level',
  orders: 'ksql.orders orderid: ordertime orderid itemid orderunits address.city address.state address.zipcode',
  ratings: 'ksql.ratings rating_id: rating_id user_id stars route_id rating_time channel message',
  users: 'ksql.users userid: registertime userid regionid gender',
  users_: 'ksql.users userid: registertime userid regionid gender interests contactinfo',
  pageviews: 'ksql.pageviews viewtime: viewtime userid pageid',
  stock_trades: 'ksql.StockTrade symbol: side quantity symbol price account userid',
  inventory: 'ksql.inventory id: id quantity productid',
  product: 'ksql.product id: id name description price',
  purchases: 'datagen.example.purchase id: id item_type quantity price_per_unit',
  transactions: 'datagen.example.transactions transaction_id: transaction_id card_id user_id purchase_id store_id',
  stores: 'datagen.example.stores store_id: store_id city state',
  credit_cards: 'datagen.example.users card_id: card_id card_number cvv expiration_date',
  campaign_finance: 'datagen.campaign_finance candidate_id: time candidate_id party_affiliation contribution',
  fleet_mgmt_description: 'fleet_mgmt.fleet_mgmt_description vehicle_id: vehicle_id driver_name license_plate',
  fleet_mgmt_location: 'fleet_mgmt.fleet_mgmt_location vehicle_id: vehicle_id location.latitude location.longitude ts',
  fleet_mgmt_sensors: 'fleet_mgmt.fleet_mgmt_sensors vehicle_id: vehicle_id engine_temperature average_rpm',
  pizza_orders: 'pizza_orders.pizza_orders store_id: store_id store_order_id coupon_code date status order_lines',
  pizza_orders_completed:
    'pizza_orders.pizza_orders_completed store_id: store_id store_order_id date status rack_time_secs order_delivery_time_secs',
  pizza_orders_cancelled: 'pizza_orders.pizza_orders_cancelled store_id: store_id store_order_id date status',
  insurance_offers: 'insurance.insurance_offers offer_id: offer_id offer_name offer_url',
  insurance_customers: 'insurance.insurance_customers customer_id: customer_id first_name last_name email gender income fico years_active',
  insurance_customer_activity:
    'insurance.insurance_customer_activity activity_id: activity_id customer_id activity_type propensity_to_churn ip_address',
  gaming_games: 'gaming.gaming_games id: id room_name created_date',
  gaming_players: 'gaming.gaming_players player_id: player_id player_name ip',
  gaming_player_activity: 'gaming.gaming_player_activity player_id: player_id game_room_id points coordinates',
  payroll_employee: 'payroll.payroll_employee employee_id: employee_id first_name last_name age ssn hourly_rate gender email',
  payroll_employee_location: 'payroll.payroll_employee_location employee_id: employee_id lab department_id arrival_date',
  payroll_bonus: 'payroll.payroll_bonus employee_id: employee_id bonus ts',
  syslog_logs:
    'syslogs.syslog_logs host: name type message host version tag level facility severity appName remoteAddress rawMessage processId messageId deviceVendor deviceProduct deviceVersion ts',
  device_information: 'device_information.device_information device_ip: device_ip mac_address owner',
  siem_logs: 'siem_logs.siem_logs hostname: hostname action l4 access_group source.ip source.port destination.ip destination.port',
  shoes: 'shoes.shoe_product id: id brand name sale_price rating',
  shoe_customers: 'shoes.shoe_customers id: id first_name last_name email phone street_address state zip_code country country_code',
  shoe_orders: 'shoes.shoe_orders order_id: order_id product_id customer_id ts',
  shoe_clickstream: 'shoes.shoe_clickstream product_id: product_id user_id view_time page_url ip ts',
};

function fieldsOf(node: Node, prefix = ''): string[] {
  if (node.kind !== 'struct') return [prefix];
  return node.fields.flatMap((field) => fieldsOf(field.node, prefix === '' ? field.name : `${prefix}.${field.name}`));
}

function outline(shape: Shape): string {
  const key = shape.key?.kind === 'column' ? shape.schema.columns[shape.key.column]?.name : '?';
  return `${shape.value.schema.name} ${key}: ${fieldsOf(shape.value).join(' ')}`;
}

function encode(node: Node, shape: Shape, writer: ValueWriter, change: Change): Buffer {
  const nothing = new Uint8Array(0);
  const encoder = new RowEncoder(compileRow(node, shape.schema, writer, { prefix: nothing, suffix: nothing }), writer);
  const out = new ByteSink(Buffer.alloc(64 * 1024));
  encoder.encode(change, out);
  return out.bytes.subarray(0, out.at);
}

interface Written {
  readonly avro: unknown;
  readonly json: unknown;
  readonly key: string;
}

/** Records of a generator as avsc and JSON.parse read them back from what the converters write. */
async function written(config: Readonly<Record<string, string>>, count: number): Promise<{ shape: Shape; records: Written[] }> {
  const records: Written[] = [];
  const run = startGenerator({ ...config, iterations: String(count), 'random.seed': '5' }, [], undefined, (out) => {
    out.onRow = (_rows, change) => {
      const shape = out.shapes[0] as Shape;
      const type = avscType(avroSchemaText(shape.value.schema, { connectMetaData: true }));
      const bytes = encode(shape.value, shape, avroValueWriter, change);
      const value: unknown = type.fromBuffer(bytes);
      // avsc would have written the same.
      assert.equal(type.toBuffer(value).toString('hex'), bytes.toString('hex'));
      records.push({
        avro: plain(value),
        json: JSON.parse(encode(shape.value, shape, jsonValueWriter({ decimalNumeric: true }), change).toString('utf8')),
        key: shape.key === null ? '' : encode(shape.key, shape, plainValueWriter, change).toString('utf8'),
      });
    };
  });
  await run.done;
  return { shape: run.out.shapes[0] as Shape, records };
}

/** avsc's unions are wrapped, and int64 are bigint; JSON has neither. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? Number(each) : each)));
}

test('every quickstart is there, with the record, key and fields that clients know', () => {
  assert.deepEqual(quickstartNames, Object.keys(known).sort());
  assert.equal(quickstartNames.length, 38);
});

for (const [name, expected] of Object.entries(known)) {
  test(`quickstart ${name}`, async () => {
    const { shape, records } = await written({ quickstart: name.toUpperCase() }, 20);
    assert.equal(outline(shape), expected);
    assert.equal(records.length, 20);
    for (const { avro, json, key } of records) {
      if (name !== 'purchases') assert.deepEqual(json, avro);
      assert.equal(key, String((json as Record<string, unknown>)[expected.split(/[ :]/)[1] ?? '']));
    }
  });
}

test('decimals, maps and arrays of records arrive as such', async () => {
  const purchases = await written({ quickstart: 'purchases' }, 20);
  for (const { json } of purchases.records) {
    const price = (json as { price_per_unit: number }).price_per_unit;
    assert.ok(price >= 10 && price < 50, String(price));
  }
  const users = await written({ quickstart: 'users_' }, 20);
  for (const { avro } of users.records) {
    const { contactinfo, interests } = avro as { contactinfo: object; interests: string[] };
    assert.deepEqual(Object.keys(contactinfo), ['phone', 'city', 'state', 'zipcode']);
    assert.equal(interests.length, 2);
  }
  const pizza = await written({ quickstart: 'pizza_orders' }, 40);
  const counts = new Set<number>();
  for (const { avro } of pizza.records) {
    const { order_lines: lines } = avro as { order_lines: Readonly<Record<string, unknown>>[] };
    counts.add(lines.length);
    for (const line of lines) assert.deepEqual(Object.keys(line), ['product_id', 'category', 'quantity', 'unit_price', 'net_price']);
  }
  assert.deepEqual(counts, new Set([1, 2, 3, 4]));
});

test('records that may be null, and records, maps and arrays in one another', async () => {
  const inner = {
    type: 'record',
    name: 'inner',
    fields: [
      {
        name: 'tags',
        type: {
          type: 'map',
          values: { type: 'array', items: ['null', 'string'] },
          'arg.properties': { length: 2, keys: { regex: '[a-z]{2}' } },
        },
      },
      { name: 'n', type: ['null', 'int'] },
    ],
  };
  const { records } = await written({ 'schema.string': oneField(['null', inner]) }, 60);
  const values = records.map((record) => (record.avro as { a: { 'test.inner': Record<string, unknown> } | null }).a);
  assert.ok(values.some((value) => value === null));
  const there = values.filter((value) => value !== null);
  assert.ok(there.length > 10);
  for (const value of there) assert.deepEqual(Object.keys(Object.values(value)[0] ?? {}), ['tags', 'n']);
  const shown = records.map((record) => (record.json as { a: { tags: Record<string, unknown[]> } | null }).a);
  for (const value of shown) if (value !== null) assert.equal(Object.keys(value.tags).length, 2);
});
