import type { ClientBase } from 'pg';

import type { Logger } from '../../../base/log.ts';
import { loadTables } from '../catalog.ts';
import type { TableName } from '../publication.ts';
import type { PostgresSettings } from '../settings.ts';

/** Signals come by the stream, so their table has to be published, whether it is captured or not. */
export async function withSignalTable(
  client: ClientBase,
  { signals }: PostgresSettings,
  captured: readonly TableName[],
): Promise<readonly TableName[]> {
  const { dataCollection, channels } = signals;
  if (dataCollection === null || !channels.has('source')) return captured;
  if (captured.some(({ schema, name }) => `${schema}.${name}` === dataCollection)) return captured;
  const found = await loadTables(client, { accepts: (schema, name) => `${schema}.${name}` === dataCollection });
  return [...captured, ...found.filter((table) => table.logged)];
}

/** `published`: `schema\0table`. Without the table the connector runs as well, but nobody can tell it anything that way. */
export function checkSignalTable({ signals, publication }: PostgresSettings, published: ReadonlySet<string>, log: Logger): void {
  const { dataCollection, channels } = signals;
  if (dataCollection === null || !channels.has('source') || published.has(dataCollection.replace('.', '\0'))) return;
  log.warn(
    { table: dataCollection, publication: publication.name },
    `the signal table "${dataCollection}" does not exist or is not published: signals in it are not seen. ` +
      `CREATE TABLE ${dataCollection} (id varchar(42) PRIMARY KEY, type varchar(32) NOT NULL, data varchar(2048)), ` +
      `and add it to the publication "${publication.name}"`,
  );
}
