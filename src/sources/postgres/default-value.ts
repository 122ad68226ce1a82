import type { LiteralValue } from '../../record/schema.ts';
import { literalValue, neutralValue } from './literal-value.ts';
import type { MappedType } from './type-map.ts';

/**
 * A column's default as a schema default. A literal, whatever casts surround it, is converted like a value; an expression
 * that only the server can compute becomes the type's neutral value where the column is NOT NULL, and nothing elsewhere.
 * `expression` is what `pg_get_expr` prints. `undefined`: no default.
 */
export function defaultValue(expression: string | null, mapped: MappedType, notNull: boolean): LiteralValue | undefined {
  if (expression === null || mapped.schema.type === 'struct' || mapped.schema.type === 'array' || !hasDefaults(mapped)) return undefined;
  const literal = parseLiteral(expression);
  if (literal === null) return undefined;
  const value = literal === undefined ? undefined : literalValue(literal, mapped);
  if (value !== undefined) return value;
  return notNull ? neutralValue(mapped) : undefined;
}

/** Debezium has no defaults for bytea, money, timetz and the types of extensions; a schema says the same here. */
function hasDefaults({ schema, typeOid }: MappedType): boolean {
  const isExtension = typeOid >= firstUserOid && schema.name !== 'io.debezium.data.Enum';
  return !withoutDefaults.has(typeOid) && !isExtension;
}

/** Of other types, and of domains, whatever is underneath, Debezium's schemas tell no default. */
export function isDefaultTold(typeOid: number, mapped: MappedType): boolean {
  return typeOid === mapped.typeOid && (told.has(typeOid) || mapped.schema.name === 'io.debezium.data.Enum');
}

/** bool, int8, int2, int4, text, json, xml, float4, float8, bpchar, varchar, date, time, timestamp, timestamptz, interval, bit, varbit, numeric, uuid, jsonb. */
const told: ReadonlySet<number> = new Set([
  16, 20, 21, 23, 25, 114, 142, 700, 701, 1042, 1043, 1082, 1083, 1114, 1184, 1186, 1560, 1562, 1700, 2950, 3802,
]);

const withoutDefaults: ReadonlySet<number> = new Set([17, 790, 1266]);
const firstUserOid = 16_384;

const stringLiteral = /^E?'((?:[^']|'')*)'/;
const bitLiteral = /^B'([01]*)'/;
const numberLiteral = /^-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/i;
const wordLiteral = /^(?:true|false|null)\b/i;
/** `::numeric(5,2)`, `::character varying`, `::public.mood`, `::"bit"`, `::timestamp(3) without time zone`, `::text[]`. */
const cast =
  /^::(?:"(?:[^"]|"")*"|[a-z_][\w$]*)(?:\.(?:"(?:[^"]|"")*"|[a-z_][\w$]*))?(?: (?:varying|precision|without time zone|with time zone))*(?:\(\d+(?:, ?-?\d+)?\))?(?: (?:without|with) time zone)?(?:\[\])*/i;

/** The text of a literal; null: the literal NULL; `undefined`: not a literal. */
export function parseLiteral(expression: string): string | null | undefined {
  let rest = expression.trim();
  let open = 0;
  while (rest.startsWith('(')) {
    rest = rest.slice(1);
    open += 1;
  }
  const [value, length] = readLiteral(rest);
  if (value === undefined) return undefined;
  rest = rest.slice(length);
  const casts: string[] = [];
  while (rest !== '') {
    const match = cast.exec(rest);
    if (match !== null) {
      rest = rest.slice(match[0].length);
      casts.push(match[0]);
    } else if (rest.startsWith(')') && open > 0) {
      rest = rest.slice(1);
      open -= 1;
    } else {
      return undefined;
    }
  }
  // Text that is then cast to something else ('now'::text::date) is computed when it is needed, not when it is declared.
  const computed = casts.length > 1 && isText(casts[0]) && !isText(casts.at(-1));
  if (open > 0 || computed) return undefined;
  return value;
}

function isText(castText: string | undefined): boolean {
  return /^::(?:text|character varying|bpchar|character)(?![\w[])/.test(castText ?? '');
}

function readLiteral(text: string): readonly [string | null | undefined, number] {
  const string = stringLiteral.exec(text);
  if (string !== null) {
    const body = (string[1] ?? '').replaceAll("''", "'");
    return [text.startsWith('E') ? body.replaceAll('\\\\', '\\') : body, string[0].length];
  }
  const bits = bitLiteral.exec(text);
  if (bits !== null) return [bits[1] ?? '', bits[0].length];
  const number = numberLiteral.exec(text);
  if (number !== null) return [number[0], number[0].length];
  const word = wordLiteral.exec(text);
  if (word === null) return [undefined, 0];
  return [word[0].toLowerCase() === 'null' ? null : word[0].toLowerCase(), word[0].length];
}
