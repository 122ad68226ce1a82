/** JSON with whole numbers beyond 2^53 as bigint. */
export type JsonValue = null | boolean | number | bigint | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [member: string]: JsonValue;
}

/** Lines that start with `//` are comments, as bundled schemas of the data generator have them. Throws SyntaxError. */
export function parseJson(text: string): JsonValue {
  const plain = text.replaceAll(/^[ \t]*\/\/.*$/gm, '');
  return JSON.parse(plain, revive) as JsonValue;
}

// The third argument (the literal's source text) is part of the language since ES2025 and not yet in lib.es*.d.ts.
function revive(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value;
  return Number.isSafeInteger(value) || !/^-?\d+$/.test(context.source) ? value : BigInt(context.source);
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

export function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}
