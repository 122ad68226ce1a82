import type { ConfigKey } from '../../connect/plugin.ts';

type Type = ConfigKey['type'];
type Extra = Partial<Omit<ConfigKey, 'name' | 'type' | 'doc' | 'default'>>;

/** A key that must be given. */
export function required(name: string, type: Type, doc: string, extra: Extra = {}): ConfigKey {
  return { name, type, doc, importance: 'HIGH', ...extra };
}

/** A key with a default; null: none. */
export function optional(name: string, type: Type, byDefault: string | null, doc: string, extra: Extra = {}): ConfigKey {
  return { name, type, default: byDefault, doc, importance: 'MEDIUM', ...extra };
}

export function choice(name: string, byDefault: string, oneOf: readonly string[], doc: string, extra: Extra = {}): ConfigKey {
  return optional(name, 'STRING', byDefault, doc, { oneOf, ...extra });
}

/** Accepted and without effect; `why` is what the log says. */
export function ignored(name: string, type: Type, byDefault: string | null, why: string): ConfigKey {
  return { name, type, default: byDefault, doc: `Accepted without effect: ${why}.`, importance: 'LOW', ignored: why };
}

/**
 * A key of which only some values can be honoured so far: any other is an error rather than something silently left out.
 * `instead` completes the sentence "… is not supported yet: ".
 */
export function partly(
  name: string,
  type: Type,
  byDefault: string | null,
  supported: readonly string[],
  doc: string,
  instead: string,
  extra: Extra = {},
): ConfigKey {
  return {
    name,
    type,
    default: byDefault,
    doc: supported.length === 0 ? `${doc} Not supported yet.` : `${doc} Supported: ${supported.join(', ')}.`,
    importance: 'LOW',
    check: (value) => (value === '' || supported.includes(value.toLowerCase()) ? null : `it is not supported yet: ${instead}`),
    ...extra,
  };
}
