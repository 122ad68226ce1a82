import type { databaseKeys } from '../support/database-keys.ts';
import { debeziumConnector } from '../support/debezium-connector.ts';
import type { Stack } from '../support/stack.ts';

interface Places {
  readonly database: Parameters<typeof databaseKeys>[0];
  /** Of the files by which signals are given. */
  readonly folder: string;
  readonly stack: Pick<Stack, 'kafka' | 'registry'>;
}

/** The settings of a connector, with the marks in its config (`{prefix}`, `{kafka}` and so on) filled in. */
export function peerConnector(
  { database, folder, stack }: Places,
  name: string,
  config: Readonly<Record<string, string>>,
): Record<string, string> {
  const all = debeziumConnector(database, name, { 'status.update.interval.ms': '500', ...config });
  const apicurio = stack.registry.replace(/\/apis\/.*$/, '/apis/registry/v2');
  const { host, port, user, password } = database;
  const said: Readonly<Record<string, string>> = {
    prefix: name,
    apicurio,
    kafka: stack.kafka,
    host,
    port: String(port),
    user,
    password,
    database: database.name,
    folder,
  };
  const filled = (value: string): string => value.replaceAll(/\{(\w+)\}/g, (mark, what: string) => said[what] ?? mark);
  return Object.fromEntries(Object.entries(all).map(([key, value]) => [key, filled(value)]));
}
