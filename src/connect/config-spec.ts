import type { ConfigKey } from './plugin.ts';

/** A config as it was submitted: text by key, references (`${env:…}`) not resolved; null where JSON had null. */
export type RawConfig = Readonly<Record<string, string | null>>;

/** Kafka Connect's `ConfigKeyInfo`. */
export interface ConfigDefinition {
  readonly name: string;
  readonly type: ConfigKey['type'];
  readonly required: boolean;
  readonly default_value: string | null;
  readonly importance: 'HIGH' | 'MEDIUM' | 'LOW';
  readonly documentation: string;
  readonly group: string | null;
  readonly width: 'NONE' | 'SHORT' | 'MEDIUM' | 'LONG';
  readonly display_name: string;
  readonly dependents: readonly string[];
  readonly order: number;
}

/** Kafka Connect's `ConfigValueInfo`. */
export interface ConfigValue {
  readonly name: string;
  readonly value: string | null;
  readonly recommended_values: readonly string[];
  readonly errors: string[];
  readonly visible: boolean;
}

export interface ConfigInfo {
  /** Null only for errors on keys that nobody declares. */
  readonly definition: ConfigDefinition | null;
  readonly value: ConfigValue;
}

export interface Evaluation {
  readonly infos: readonly ConfigInfo[];
  /** What `Config` is made of: every declared key, given or default, and given keys of families. */
  readonly values: Map<string, string | null>;
  /** The given keys that a declaration covers. */
  readonly known: ReadonlySet<string>;
}

export const hidden = '[hidden]';

/**
 * Holds a config against its declarations. `resolved` is what is checked, `raw` what is shown: a value that came from a
 * config provider appears in no answer, only the reference to it does.
 */
export function evaluateKeys(keys: readonly ConfigKey[], resolved: RawConfig, raw: RawConfig): Evaluation {
  const infos: ConfigInfo[] = [];
  const values = new Map<string, string | null>();
  const known = new Set<string>();
  const orders = new Map<string, number>();
  const add = (key: ConfigKey, name: string): void => {
    const given = Object.hasOwn(resolved, name);
    if (given) known.add(name);
    const definition = define(key, name, orders);
    const parsed = given ? parseValue(key, name, resolved[name] ?? null, raw[name] ?? null) : absentValue(key, name, resolved);
    if (parsed.error === null || given) values.set(name, parsed.error === null ? parsed.value : (resolved[name] ?? null));
    infos.push({
      definition,
      value: {
        name,
        value: shownValue(key, parsed.value, raw[name]),
        recommended_values: key.oneOf ?? [],
        errors: parsed.error === null ? [] : [parsed.error],
        visible: true,
      },
    });
  };
  for (const key of keys) {
    if (key.pattern === undefined) add(key, key.name);
    else for (const name of Object.keys(resolved)) if (key.pattern.test(name) && !known.has(name)) add(key, name);
  }
  return { infos, values, known };
}

/** The definition alone, as `/connector-plugins/{plugin}/config` lists it. */
export function defineKeys(keys: readonly ConfigKey[]): ConfigDefinition[] {
  const orders = new Map<string, number>();
  return keys.map((key) => define(key, key.name, orders));
}

function define(key: ConfigKey, name: string, orders: Map<string, number>): ConfigDefinition {
  const group = key.group ?? null;
  const order = group === null ? -1 : (orders.get(group) ?? 0) + 1;
  if (group !== null) orders.set(group, order);
  return {
    name,
    type: key.type,
    required: key.default === undefined,
    default_value: key.default === undefined || key.default === null ? null : key.type === 'PASSWORD' ? hidden : key.default,
    importance: key.importance ?? 'MEDIUM',
    documentation: key.doc,
    group,
    width: key.width ?? 'NONE',
    display_name: key.displayName ?? name,
    dependents: [],
    order,
  };
}

interface Parsed {
  readonly value: string | null;
  readonly error: string | null;
}

function absentValue(key: ConfigKey, name: string, given: RawConfig): Parsed {
  if (key.default !== undefined) return { value: key.default, error: null };
  const former = key.formerly?.find((each) => Object.hasOwn(given, each));
  const told = former === undefined ? '' : ` It was called "${former}" before: rename that key.`;
  return { value: null, error: `Missing required configuration "${name}" which has no default value.${told}` };
}

function shownValue(key: ConfigKey, value: string | null, raw: string | null | undefined): string | null {
  if (key.type === 'PASSWORD') return value === null ? null : hidden;
  return raw !== undefined && raw !== null && hasReference(raw) ? raw : value;
}

/** True when the text holds a config-provider reference. */
export function hasReference(text: string): boolean {
  return /\$\{[^}]*?:[^}]*\}/.test(text);
}

/** One value held against its declaration. The text of every complaint is Kafka Connect's. */
function parseValue(key: ConfigKey, name: string, text: string | null, raw: string | null): Parsed {
  if (text === null) return { value: null, error: 'Null value can not be supplied as the configuration value.' };
  const value = key.type === 'PASSWORD' ? text : text.trim();
  const complaint = complaintAbout(key, value);
  if (complaint === null) return { value: key.type === 'BOOLEAN' ? value.toLowerCase() : value, error: null };
  const shown = key.type === 'PASSWORD' ? hidden : raw !== null && hasReference(raw) ? raw : value;
  return { value, error: `Invalid value ${shown} for configuration ${name}: ${complaint}` };
}

function complaintAbout(key: ConfigKey, value: string): string | null {
  const malformed = typeComplaint(key.type, value);
  if (malformed !== null) return malformed;
  if (isNumeric(key.type)) {
    if (key.min !== undefined && Number(value) < key.min) return `Value must be at least ${key.min}`;
    if (key.max !== undefined && Number(value) > key.max) return `Value must be no more than ${key.max}`;
  }
  if (key.oneOf !== undefined) {
    const allowed = new Set(key.oneOf.map((item) => item.toLowerCase()));
    const items = key.type === 'LIST' ? listItems(value) : [value];
    if (!items.every((item) => allowed.has(item.toLowerCase()))) return `String must be one of: ${key.oneOf.join(', ')}`;
  }
  return key.check?.(value) ?? null;
}

function listItems(value: string): string[] {
  return value === '' ? [] : value.split(',').map((item) => item.trim());
}

function isNumeric(type: ConfigKey['type']): boolean {
  return type === 'INT' || type === 'LONG' || type === 'SHORT' || type === 'DOUBLE';
}

function typeComplaint(type: ConfigKey['type'], value: string): string | null {
  switch (type) {
    case 'BOOLEAN':
      return /^(true|false)$/i.test(value) ? null : 'Expected value to be either true or false';
    case 'SHORT':
      return isInteger(value, 16n) ? null : 'Not a number of type SHORT';
    case 'INT':
      return isInteger(value, 32n) ? null : 'Not a number of type INT';
    case 'LONG':
      return isInteger(value, 64n) ? null : 'Not a number of type LONG';
    case 'DOUBLE':
      return value !== '' && !Number.isNaN(Number(value)) ? null : 'Not a number of type DOUBLE';
    case 'STRING':
    case 'LIST':
    case 'CLASS':
    case 'PASSWORD':
      return null;
  }
}

function isInteger(value: string, bits: bigint): boolean {
  if (!/^[+-]?\d{1,20}$/.test(value)) return false;
  const number = BigInt(value.replace(/^\+/, ''));
  const bound = 1n << (bits - 1n);
  return number >= -bound && number < bound;
}
