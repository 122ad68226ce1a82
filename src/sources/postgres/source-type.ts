import type { TypeCatalog } from './type-catalog.ts';

const prefix = '__debezium.source.column.';
/** What the JDBC driver says of a type without a declared length. */
const unknownLength = 2_147_483_647;

/**
 * The parameters of `column.propagate.source.type`: name, length and scale of a column's type as Debezium has them from
 * the JDBC driver, whose tables these are.
 */
export function sourceTypeParameters(
  column: string,
  typeOid: number,
  typmod: number,
  types: TypeCatalog,
): Readonly<Record<string, string>> {
  const base = baseType(typeOid, typmod, types);
  return {
    [`${prefix}type`]: sourceTypeName(typeOid, types).toUpperCase(),
    [`${prefix}length`]: String(sourceLength(base.oid, base.typmod)),
    [`${prefix}scale`]: String(sourceScale(base.oid, base.typmod)),
    [`${prefix}name`]: column,
  };
}

/** As in `pg_type`: `int4`, `_text`, `mood`. */
export function sourceTypeName(typeOid: number, types: TypeCatalog): string {
  return types.get(typeOid)?.name ?? builtin[typeOid] ?? String(typeOid);
}

/** The declared length of a character type, through its domains; of "char" 1; 0: none. */
export function declaredLength(typeOid: number, typmod: number, types: TypeCatalog): number {
  const base = baseType(typeOid, typmod, types);
  if (base.oid === 18) return 1;
  return (base.oid === 1042 || base.oid === 1043) && base.typmod >= 4 ? base.typmod - 4 : 0;
}

/** How long a value may be as far as its type says, as the JDBC driver has it; 0 for numbers of any length. */
export function lengthMax(typeOid: number, typmod: number, types: TypeCatalog): number {
  const base = baseType(typeOid, typmod, types);
  return base.oid === 1700 && base.typmod < 4 ? 0 : sourceLength(base.oid, base.typmod);
}

/** Underneath domains and arrays. */
function baseType(typeOid: number, typmod: number, types: TypeCatalog): { readonly oid: number; readonly typmod: number } {
  const type = types.get(typeOid);
  if (type === null) return { oid: typeOid, typmod };
  if (type.kind === 'domain') return baseType(type.baseOid, type.baseTypmod >= 0 ? type.baseTypmod : typmod, types);
  return type.elementOid === 0 ? { oid: typeOid, typmod } : baseType(type.elementOid, typmod, types);
}

function sourceLength(oid: number, typmod: number): number {
  const seconds = typmod === -1 ? 7 : typmod === 0 ? 0 : typmod === 1 ? 3 : typmod + 1;
  switch (oid) {
    case 16:
    case 18:
      return 1;
    case 21:
      return 5;
    case 23:
    case 26:
      return 10;
    case 20:
      return 19;
    case 700:
      return 8;
    case 701:
      return 17;
    case 1700:
      return typmod < 4 ? 131_089 : ((typmod - 4) >> 16) & 0xffff;
    case 1042:
    case 1043:
      return typmod < 4 ? unknownLength : typmod - 4;
    case 1082:
      return 13;
    case 1083:
      return 8 + seconds;
    case 1266:
      return 14 + seconds;
    case 1114:
      return 22 + seconds;
    case 1184:
      return 28 + seconds;
    case 1186:
      return 49;
    case 1560:
      return typmod < 0 ? 1 : typmod;
    case 1562:
      return typmod < 0 ? unknownLength : typmod;
    default:
      return unknownLength;
  }
}

function sourceScale(oid: number, typmod: number): number {
  switch (oid) {
    case 700:
      return 8;
    case 701:
      return 17;
    case 1700:
      return typmod < 4 ? 0 : (((typmod - 4) & 0x7ff) ^ 1024) - 1024;
    case 1083:
    case 1114:
    case 1184:
    case 1266:
      return typmod < 0 ? 6 : typmod;
    case 1186:
      return typmod < 0 ? 6 : typmod & 0xffff;
    default:
      return 0;
  }
}

/** Where the catalog was not asked. */
const builtin: Readonly<Record<number, string>> = {
  16: 'bool',
  20: 'int8',
  21: 'int2',
  23: 'int4',
  25: 'text',
  1043: 'varchar',
  1700: 'numeric',
};
