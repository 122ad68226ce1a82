import type { ClientBase } from 'pg';

/** What the catalog knows of one type. */
export interface TypeInfo {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'base' | 'composite' | 'domain' | 'enum' | 'range' | 'multirange' | 'pseudo';
  /** Arrays: what they hold; elsewhere 0. */
  readonly elementOid: number;
  /** Domains: what they are made of; elsewhere 0. */
  readonly baseOid: number;
  /** Domains: the modifier they put on it; elsewhere -1. */
  readonly baseTypmod: number;
  /** Domains declared NOT NULL. */
  readonly notNull: boolean;
  /** Enums: in `enumsortorder`. */
  readonly labels: readonly string[];
}

interface TypeRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly element: number;
  readonly base: number;
  readonly base_typmod: number;
  readonly not_null: boolean;
  readonly labels: string[] | null;
}

// Row types of tables, and arrays of those, are left out until a column needs one: databases with many tables have many.
const typesSql = `
  SELECT t.oid, n.nspname AS schema, t.typname AS name, t.typtype::text AS kind,
         CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN t.typelem ELSE 0 END AS element,
         t.typbasetype AS base, t.typtypmod AS base_typmod, t.typnotnull AS not_null,
         CASE WHEN t.typtype = 'e' THEN ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum e
                                              WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) END AS labels
  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  WHERE t.oid = ANY (coalesce($1::oid[], '{}')) OR $1 IS NULL AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_type r JOIN pg_catalog.pg_class c ON c.oid = r.typrelid
    WHERE r.oid IN (t.oid, t.typelem) AND r.typtype = 'c' AND c.relkind <> 'c')`;

const kinds: Readonly<Record<string, TypeInfo['kind']>> = {
  b: 'base',
  c: 'composite',
  d: 'domain',
  e: 'enum',
  r: 'range',
  m: 'multirange',
  p: 'pseudo',
};

/** Enums, domains, arrays, ranges, extension types: everything a column's type oid may stand for. */
export class TypeCatalog {
  readonly #byOid = new Map<number, TypeInfo>();

  static async load(client: ClientBase): Promise<TypeCatalog> {
    const catalog = new TypeCatalog();
    await catalog.reload(client);
    return catalog;
  }

  /** Reads all types anew: after an unknown oid, or when an enum may have got a label. */
  async reload(client: ClientBase): Promise<void> {
    const { rows } = await client.query<TypeRow>(typesSql, [null]);
    this.#add(rows);
  }

  /**
   * Makes sure that these types, their elements and their bases are known; asks the server only for those that are not.
   * A type that was dropped meanwhile stays unknown.
   */
  async resolve(client: ClientBase, oids: Iterable<number>): Promise<void> {
    let wanted = [...oids].filter((oid) => !this.#byOid.has(oid));
    while (wanted.length > 0) {
      const { rows } = await client.query<TypeRow>(typesSql, [wanted]);
      this.#add(rows);
      wanted = rows.flatMap((row) => [row.element, row.base]).filter((oid) => oid !== 0 && !this.#byOid.has(oid));
    }
  }

  has(oid: number): boolean {
    return this.#byOid.has(oid);
  }

  get(oid: number): TypeInfo | null {
    return this.#byOid.get(oid) ?? null;
  }

  #add(rows: readonly TypeRow[]): void {
    for (const row of rows) {
      this.#byOid.set(row.oid, {
        oid: row.oid,
        schema: row.schema,
        name: row.name,
        kind: kinds[row.kind] ?? 'pseudo',
        elementOid: row.element,
        baseOid: row.base,
        baseTypmod: row.base_typmod,
        notNull: row.not_null,
        labels: row.labels ?? [],
      });
    }
  }
}
