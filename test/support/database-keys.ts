import type { Database } from './database.ts';

/** What tells a connector where the database is. */
export function databaseKeys(db: Pick<Database, 'host' | 'port' | 'user' | 'password' | 'name'>): Record<string, string> {
  return {
    'database.hostname': db.host,
    'database.port': String(db.port),
    'database.user': db.user,
    'database.password': db.password,
    'database.dbname': db.name,
  };
}
