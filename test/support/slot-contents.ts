import { untilTrue } from '../sources/postgres/source-fixture.ts';
import type { Database } from './database.ts';

/** The transactions that a slot would bring again, by number, once nobody reads it. `slot` has the name of the publication. */
export async function transactionsIn(db: Pick<Database, 'query'>, slot: string): Promise<string[]> {
  const isFree = async (): Promise<boolean> => {
    const [state] = await db.query('SELECT active FROM pg_replication_slots WHERE slot_name = $1', [slot]);
    return state?.['active'] === false;
  };
  await untilTrue(isFree);
  const rows = await db.query<{ xid: string }>(
    `SELECT DISTINCT xid::text FROM pg_logical_slot_peek_binary_changes($1, NULL, NULL, 'proto_version', '1', 'publication_names', $2)`,
    [slot, slot],
  );
  return rows.map(({ xid }) => xid);
}
