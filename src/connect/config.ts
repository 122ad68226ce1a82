import { ConnectError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';

/**
 * Validated config values by name, defaults filled in and `${provider:…}` references resolved. Made by `config-spec`;
 * asking for a key that is not declared, or as another type, is a fault of the program, not of the user.
 */
export class Config {
  readonly #values: ReadonlyMap<string, string | null>;

  /** `values`: text as a user writes it; null for an optional key without a value. */
  constructor(values: ReadonlyMap<string, string | null>) {
    this.#values = values;
  }

  static of(values: Readonly<Record<string, string | null>>): Config {
    return new Config(new Map(Object.entries(values)));
  }

  has(name: string): boolean {
    const value = this.#values.get(name);
    return value !== undefined && value !== null;
  }

  optional(name: string): string | null {
    return this.#values.get(name)?.trim() ?? null;
  }

  string(name: string): string {
    const value = this.optional(name);
    if (value === null) throw new ConnectError('config.invalid', `Missing required configuration "${name}" which has no default value.`);
    return value;
  }

  int(name: string): number {
    return Number(this.string(name));
  }

  optionalInt(name: string): number | null {
    const value = this.optional(name);
    return value === null || value === '' ? null : Number(value);
  }

  boolean(name: string): boolean {
    return this.string(name).toLowerCase() === 'true';
  }

  /** Comma-separated, blanks around the items taken off; empty text is an empty list. */
  list(name: string): string[] {
    const value = this.optional(name);
    return value === null || value === '' ? [] : value.split(',').map((item) => item.trim());
  }

  /** Lower-cased, for keys declared with `oneOf`. */
  choice(name: string): string {
    return this.string(name).toLowerCase();
  }

  /** Not trimmed: blanks may belong to a password. */
  secret(name: string): Secret | null {
    const value = this.#values.get(name);
    return value === undefined || value === null ? null : new Secret(value);
  }

  /** The keys that start with `prefix`, prefix taken off: converter, transform and client options. */
  withPrefix(prefix: string): Config {
    const values = new Map<string, string | null>();
    for (const [name, value] of this.#values) if (name.startsWith(prefix)) values.set(name.slice(prefix.length), value);
    return new Config(values);
  }

  /** Keys in insertion order, for families declared by `pattern`. */
  names(): string[] {
    return [...this.#values.keys()];
  }

  entries(): [string, string | null][] {
    return [...this.#values.entries()];
  }
}
