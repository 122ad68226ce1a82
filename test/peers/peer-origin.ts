import type { Database } from '../support/database.ts';

/** A replication origin, which all databases of a server share, with the name of the database. */
export class PeerOrigin implements AsyncDisposable {
  readonly #database: Database;

  private constructor(database: Database) {
    this.#database = database;
  }

  static async create(database: Database): Promise<PeerOrigin> {
    await database.query('SELECT pg_replication_origin_create(current_database())');
    return new PeerOrigin(database);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A change that failed may have left the session its origin.
    await this.#database.query('ROLLBACK; SELECT pg_replication_origin_session_reset()').catch(() => {});
    await this.#database.query('SELECT pg_replication_origin_drop(current_database())');
  }
}
