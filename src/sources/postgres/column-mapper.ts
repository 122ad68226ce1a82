import { getHashes } from 'node:crypto';

import type { Config } from '../../connect/config.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { Column } from '../../record/row-schema.ts';
import { compileRewrite } from '../../text/cell-rewrite.ts';
import { ByteRegister } from '../../text/value-register.ts';
import { anchored } from './name-list.ts';
import { splitPatterns } from './settings-syntax.ts';
import type { TypeCatalog } from './type-catalog.ts';

/** What a user wants done to the values of some columns. */
export type Mapping =
  | { readonly kind: 'mask'; readonly text: string }
  | { readonly kind: 'hash'; readonly algorithm: string; readonly salt: string; readonly version: 1 | 2 }
  | { readonly kind: 'truncate'; readonly units: number };

export interface ColumnMapper {
  /** Over `schema.table.column`. */
  readonly columns: readonly RegExp[];
  readonly mapping: Mapping;
}

const families: readonly (readonly [pattern: RegExp, parse: (match: RegExpExecArray) => Mapping])[] = [
  [/^column\.mask\.with\.(\d+)\.chars$/, ([, count]) => ({ kind: 'mask', text: '*'.repeat(Number(count)) })],
  [
    /^column\.mask\.hash\.(v2\.)?([^.]+)\.with\.salt\.(.+)$/,
    ([, second, algorithm, salt]) => ({
      kind: 'hash',
      algorithm: digestName(algorithm ?? ''),
      salt: salt ?? '',
      version: second === undefined ? 1 : 2,
    }),
  ],
  [/^column\.truncate\.to\.(\d+)\.chars$/, ([, units]) => ({ kind: 'truncate', units: Number(units) })],
];

/** What hides a value goes before what merely shortens it; within a family the order of the configuration counts. */
export function columnMappers(config: Config): ColumnMapper[] {
  const mappers: ColumnMapper[] = [];
  for (const [pattern, parse] of families) {
    for (const [name, value] of config.entries()) {
      const match = pattern.exec(name);
      if (match !== null && value !== null) mappers.push({ columns: splitPatterns(value).map(anchored), mapping: parse(match) });
    }
  }
  return mappers;
}

/** The complaint about a key that starts like one of the families, or null. */
export function checkMapperKey(name: string): string | null {
  const match = families.map(([pattern, parse]) => ({ found: pattern.exec(name), parse })).find(({ found }) => found !== null);
  if (match?.found === undefined || match.found === null) {
    return `"${name}" is none of column.mask.with.<N>.chars, column.truncate.to.<N>.chars, column.mask.hash.<algorithm>.with.salt.<salt> and column.mask.hash.v2.<algorithm>.with.salt.<salt>.`;
  }
  const mapping = match.parse(match.found);
  if (mapping.kind !== 'hash' || getHashes().includes(mapping.algorithm)) return null;
  return `"${name}" names a digest that is not known here: use SHA-256, SHA-384, SHA-512, SHA3-256, SHA-1 or MD5.`;
}

export const mapperKeyPattern: RegExp = /^column\.(?:mask\.(?:with|hash)|truncate\.to)\./;

/** `SHA-256` as Java has it → `sha256` as node:crypto has it. */
function digestName(java: string): string {
  return java
    .toLowerCase()
    .replace(/^sha-(?=\d)/, 'sha')
    .replace('/', '-');
}

/** One column, one mapping: the first that names it. */
export function mappingOf(mappers: readonly ColumnMapper[], schema: string, table: string, column: string): Mapping | null {
  const name = `${schema}.${table}.${column}`;
  return mappers.find(({ columns }) => columns.some((pattern) => pattern.test(name)))?.mapping ?? null;
}

/** What Debezium adds to the schema of a column that has a mapping, whether its values change or not. */
export function mappingParameters(mapping: Mapping): Readonly<Record<string, string>> {
  return mapping.kind === 'truncate' ? { truncateLength: String(mapping.units) } : { masked: 'true' };
}

/** Truncation takes whatever is written as text; masks and hashes take the types that hold characters. */
export function takesMapping(mapping: Mapping, column: Column, isCharacter: boolean): boolean {
  return mapping.kind === 'truncate' ? column.schema.type === 'string' : isCharacter;
}

/** The column with its values hashed or shortened. `length`: as declared, 0 for none. */
export function hideColumn(column: Column, mapping: Mapping, length: number): Column {
  if (mapping.kind === 'mask') return column;
  const inner: Column = { ...column, neutral: undefined, unavailable: undefined };
  const element: Column = { name: column.name, kind: ColumnKind.STRING, schema: column.schema, scale: -1 };
  const digitsMax = length > 0 ? length : Number.MAX_SAFE_INTEGER;
  const rewrite = mapping.kind === 'truncate' ? { ...mapping, inner } : { ...mapping, inner, digitsMax };
  return { ...column, kind: ColumnKind.REWRITTEN, element, rewrite };
}

/** A NOT NULL column's stand-in goes the way of its values. */
export function mappedNeutral({ rewrite, neutral }: Column): Column['neutral'] {
  if (rewrite === undefined || typeof neutral !== 'string') return neutral;
  const text = Buffer.from(neutral, 'utf8');
  const into = new ByteRegister();
  compileRewrite(rewrite, null)(text, 0, text.length, into);
  return Buffer.from(into.bytes.subarray(0, into.length)).toString('utf8');
}

const characterTypes: ReadonlySet<number> = new Set([18, 19, 25, 1042, 1043]);

/** Types that the JDBC driver calls character types, and citext; domains count as what they are made of. */
export function isCharacter({ kind, schema }: Pick<Column, 'kind' | 'schema'>, typeOid: number, types: TypeCatalog): boolean {
  if (kind !== ColumnKind.STRING) return false;
  if (schema.name === 'io.debezium.data.Enum') return true;
  const type = types.get(typeOid);
  if (type?.kind === 'domain') return isCharacter({ kind, schema }, type.baseOid, types);
  return characterTypes.has(typeOid) || type?.name === 'citext';
}
