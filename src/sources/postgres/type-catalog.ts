import type { ClientBase } from 'pg';

import { oneVersion, type RowVersions } from './row-versions.ts';

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
  /** Ranges: what lies in them. Multiranges: their range. Elsewhere 0. */
  readonly rangeOf: number;
  /** Composites: in their order, also those that were dropped. */
  readonly attributes: readonly TypeAttribute[];
  /** Composites: the definitions that their values may have. */
  readonly versions: RowVersions;
}

/** A field of a composite type, or of a table whose rows are values. */
export interface TypeAttribute {
  readonly name: string;
  /** `attnum`: never used twice. */
  readonly number: number;
  readonly typeOid: number;
  readonly typmod: number;
  readonly dropped: boolean;
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
  readonly range_of: number;
  readonly attributes: readonly (readonly [name: string, number: number, type: number, typmod: number, dropped: boolean])[] | null;
}

// Row types of tables, and arrays of those, are left out until a column needs one: databases with many tables have many.
const typesSql = `
  SELECT t.oid, n.nspname AS schema, t.typname AS name, t.typtype::text AS kind,
         CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN t.typelem ELSE 0 END AS element,
         t.typbasetype AS base, t.typtypmod AS base_typmod, t.typnotnull AS not_null,
         CASE WHEN t.typtype = 'e' THEN ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum e
                                              WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) END AS labels,
         coalesce((SELECT CASE WHEN t.typtype = 'r' THEN r.rngsubtype ELSE r.rngtypid END FROM pg_catalog.pg_range r
                   WHERE t.oid IN (r.rngtypid, r.rngmultitypid)), 0) AS range_of,
         CASE WHEN t.typtype = 'c' THEN (SELECT json_agg(json_build_array(a.attname, a.attnum, a.atttypid::int8, a.atttypmod, a.attisdropped) ORDER BY a.attnum)
                                         FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0) END AS attributes
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

  /** Reads all types anew: an enum may have got a label. Composite types that are known stay as they are until `redefine`. */
  async reload(client: ClientBase): Promise<void> {
    const { rows } = await client.query<TypeRow>(typesSql, [null]);
    this.#add(rows);
  }

  /** A composite type as it is now, and what its values may be like. False: as it was known. */
  redefine(oid: number, attributes: readonly TypeAttribute[], versions: RowVersions): boolean {
    const known = this.#byOid.get(oid);
    if (known === undefined) return false;
    const plain = attributes.map(({ name, number, typeOid, typmod, dropped }) => ({ name, number, typeOid, typmod, dropped }));
    if (JSON.stringify([known.attributes, known.versions]) === JSON.stringify([plain, versions])) return false;
    this.#byOid.set(oid, { ...known, attributes: plain, versions });
    return true;
  }

  /**
   * Makes sure that these types and everything they are made of are known; asks the server only for what is not.
   * A type that was dropped meanwhile stays unknown.
   */
  async resolve(client: ClientBase, oids: Iterable<number>): Promise<void> {
    const roots = [...oids];
    const asked = new Set<number>();
    for (;;) {
      const reachable = [...roots, ...this.closure(roots).flatMap(partsOf)];
      const wanted = [...new Set(reachable)].filter((oid) => oid !== 0 && !this.#byOid.has(oid) && !asked.has(oid));
      if (wanted.length === 0) return;
      for (const oid of wanted) asked.add(oid);
      this.#add((await client.query<TypeRow>(typesSql, [wanted])).rows);
    }
  }

  has(oid: number): boolean {
    return this.#byOid.has(oid);
  }

  get(oid: number): TypeInfo | null {
    return this.#byOid.get(oid) ?? null;
  }

  /** What a domain is made of; of any other type itself. */
  base(oid: number): number {
    const type = this.get(oid);
    return type?.kind === 'domain' ? this.base(type.baseOid) : oid;
  }

  /** Everything that these types are made of, in the order of their oids; what the catalog has not is left out. */
  closure(oids: Iterable<number>): TypeInfo[] {
    const found = new Map<number, TypeInfo>();
    const wanted = [...oids];
    for (let oid = wanted.pop(); oid !== undefined; oid = wanted.pop()) {
      const type = found.has(oid) ? null : this.get(oid);
      if (type === null) continue;
      found.set(oid, type);
      wanted.push(...partsOf(type));
    }
    return [...found.values()].sort((left, right) => left.oid - right.oid);
  }

  #add(rows: readonly TypeRow[]): void {
    for (const row of rows) {
      if (this.#byOid.get(row.oid)?.kind === 'composite') continue;
      const attributes = (row.attributes ?? []).map(([name, number, typeOid, typmod, dropped]) => ({
        name,
        number,
        typeOid,
        typmod,
        dropped,
      }));
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
        rangeOf: row.range_of,
        attributes,
        versions: oneVersion(attributes),
      });
    }
  }
}

function partsOf({ elementOid, baseOid, rangeOf, attributes }: TypeInfo): number[] {
  return [elementOid, baseOid, rangeOf, ...attributes.map((attribute) => attribute.typeOid)];
}
