import type { ClientBase } from 'pg';

import { ConnectError } from '../../base/errors.ts';
import type { SnapshotTable } from './snapshot-query.ts';
import { TypeCatalog, type TypeInfo } from './type-catalog.ts';

/**
 * Rows that were read by `COPY` have composite values in the form of the moment at which they were read, whatever the database
 * snapshot shows. Throws `data.shape` when the form is another now than at the start, `types`: a value with other fields
 * but as many of them looked the same.
 */
export async function refuseAlteredComposites(client: ClientBase, types: TypeCatalog, tables: readonly SnapshotTable[]): Promise<void> {
  for (const { info, columns } of tables) {
    const used = types.closure(columns.map(({ typeOid }) => typeOid)).filter(({ kind }) => kind === 'composite');
    if (used.length === 0) continue;
    const now = new TypeCatalog();
    const oids = used.map(({ oid }) => oid);
    await now.resolve(client, oids);
    const altered = used.find((type) => liveNumbers(type) !== liveNumbers(now.get(type.oid)));
    if (altered === undefined) continue;
    const table = `${info.schema}.${info.name}`;
    throw new ConnectError(
      'data.shape',
      `The composite type ${altered.schema}.${altered.name} was altered while the snapshot read ${table}: rows of it may have values under the names of other fields.`,
      {
        remedy: `Take the snapshot again, or read ${table} again by a signal ("execute-snapshot"): the next start goes on from here.`,
        details: { table },
      },
    );
  }
}

function liveNumbers(type: TypeInfo | null): string {
  return (type?.attributes ?? []).flatMap(({ dropped, number }) => (dropped ? [] : [number])).join();
}
