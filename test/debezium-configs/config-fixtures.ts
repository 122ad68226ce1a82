import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A config as JSON has it: numbers and flags occur, too. */
export type FieldConfig = Readonly<Record<string, string | number | boolean>>;

/** Configurations for Debezium's connector as they are written in the field. */
export const fieldConfigs = JSON.parse(readFileSync(join(import.meta.dirname, 'configs.json'), 'utf8')) as Readonly<
  Record<string, FieldConfig>
>;

/** What a config is run with. In SQL and topics `PFX` stands for the topic prefix. */
export interface ConfigFixture {
  readonly setup: string;
  /** While the connector streams. */
  readonly changes: string;
  /** By topic, the texts that its records hold, one each; null: any records. */
  readonly topics: Readonly<Record<string, readonly string[] | null>>;
}

function table(name: string, columns = 'email text, phone text'): Pick<ConfigFixture, 'setup' | 'changes'> {
  return {
    setup: `CREATE TABLE ${name} (id int PRIMARY KEY, name text${columns === '' ? '' : `, ${columns}`});
      INSERT INTO ${name} (id, name) VALUES (1, 'first row'), (2, 'second row');`,
    changes: `INSERT INTO ${name} (id, name) VALUES (3, 'third row');`,
  };
}

const rows = ['first row', 'second row', 'third row'];
const customers: ConfigFixture = { ...table('customers'), topics: { 'PFX.public.customers': rows } };
const [users, posts] = [
  table('users', 'tenant int NOT NULL DEFAULT 7, email text, phone text, password_hash text, size numeric(5,2)'),
  table('posts', 'body text'),
];
const shards = [table('orders_1'), table('orders_2'), table('customers')];

/** Of the configs that need something else than `customers`. */
const others: Readonly<Record<string, ConfigFixture>> = {
  smallest: {
    setup: `CREATE SCHEMA inventory; ${table('inventory.customers').setup}`,
    changes: table('inventory.customers').changes,
    topics: { 'PFX.inventory.customers': rows },
  },
  outbox: {
    setup: 'CREATE TABLE outboxevent (id uuid PRIMARY KEY, aggregatetype text, aggregateid text, type text, payload jsonb);',
    changes: `INSERT INTO outboxevent VALUES ('7f7d4b3a-4d5e-4a0e-9d5c-1f2e3d4c5b6a', 'PFX', '7', 'OrderPlaced', '{"item": "first row"}');`,
    topics: { 'PFX.events': ['first row'] },
  },
  'heartbeat on a managed server': {
    ...customers,
    setup: `${customers.setup} CREATE TABLE heartbeat (id int PRIMARY KEY, ts timestamptz); CREATE PUBLICATION cdc FOR TABLE customers;`,
  },
  'signals and incremental snapshots': {
    setup: `${customers.setup} CREATE TABLE debezium_signal (id varchar(42) PRIMARY KEY, type varchar(32) NOT NULL, data varchar(2048));`,
    changes: `${customers.changes} INSERT INTO debezium_signal VALUES ('told', 'log', '{"message": "here"}');`,
    topics: { ...customers.topics, 'PFX.public.debezium_signal': ['told'], 'PFX-notifications': null },
  },
  'routed shards': {
    setup: shards.map(({ setup }) => setup).join(''),
    changes: shards.map(({ changes }) => changes).join(''),
    topics: { 'PFX.orders': [...rows, ...rows], 'PFX.customers': rows },
  },
  'hidden columns': {
    setup: users.setup + posts.setup,
    changes: users.changes + posts.changes,
    topics: { 'PFX.public.users': rows, 'PFX.public.posts': rows, 'PFX.transaction': null },
  },
  'older names': { ...table('orders'), topics: { 'PFX.public.orders': ['third row'] } },
  'own topic names': { ...customers, topics: { 'PFX.customers': rows } },
  'failover and latency': {
    ...table('orders', 'placed_at timestamptz NOT NULL DEFAULT now()'),
    topics: { 'PFX.public.orders': rows },
  },
  'reselected columns': { ...table('documents', 'body text'), topics: { 'PFX.public.documents': rows } },
  // Their rows are Avro in base64.
  'cloud events': { ...table('orders'), topics: { 'PFX.public.orders': null } },
  'mutual tls': {
    ...customers,
    setup: `${customers.setup} CREATE SCHEMA audit; CREATE TABLE audit.log (id int PRIMARY KEY); CREATE TABLE scratch (id int PRIMARY KEY);`,
  },
  'configuration based': {
    ...customers,
    changes: `${customers.changes} SELECT pg_logical_emit_message(true, 'audit', 'looked');`,
    topics: { ...customers.topics, 'PFX.transactions': null, 'PFX.message': ['audit'] },
  },
};

export function configFixture(name: string): ConfigFixture {
  return others[name] ?? customers;
}
