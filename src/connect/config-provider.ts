import { readFileSync, realpathSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { ConnectError } from '../base/errors.ts';
import type { RawConfig } from './config-spec.ts';
import { nearKey } from './near-key.ts';
import { parseProperties } from './properties.ts';

/** Looks up what `${name:path:key}` stands for. */
interface ConfigProvider {
  readonly name: string;
  /** The value, or throws with a reason that names the place and never holds a value. */
  get(path: string, key: string): string;
}

const reference = /\$\{([^}]*?):(([^}]*?):)?([^}]*?)\}/g;

/**
 * Config providers in Kafka Connect's syntax. `env`, `file` and `directory` are there without declaration;
 * `config.providers` may declare more under other names or bound these.
 *
 * Stored configs keep the reference; it is resolved when a task is built, so a rotated secret takes effect with the next
 * start. Unlike Connect, a reference that cannot be resolved is an error: passed on literally it would end as somebody's
 * password.
 */
export class ConfigProviders {
  readonly #providers = new Map<string, ConfigProvider>();

  /** `worker` is the worker's own config, for `config.providers` and what belongs to them. */
  constructor(worker: RawConfig, env: Readonly<Record<string, string | undefined>>) {
    for (const kind of ['env', 'file', 'directory'] as const) this.#providers.set(kind, createProvider(kind, kind, worker, env));
    for (const name of (worker['config.providers'] ?? '').split(',').map((item) => item.trim())) {
      if (name === '') continue;
      const className = worker[`config.providers.${name}.class`]?.trim();
      if (className === undefined) {
        throw new ConnectError(
          'config.invalid',
          `Missing required configuration "config.providers.${name}.class" which has no default value.`,
        );
      }
      this.#providers.set(name, createProvider(name, kindOf(className, name), worker, env));
    }
  }

  /** The config with every reference replaced. Throws `config.invalid` naming key and reference. */
  resolve(config: RawConfig): Record<string, string | null> {
    return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, value === null ? null : this.#resolveValue(key, value)]));
  }

  #resolveValue(key: string, value: string): string {
    return value.replaceAll(reference, (text: string, name: string, _group: unknown, path: string | undefined, item: string) => {
      const provider = this.#providers.get(name);
      if (provider === undefined) {
        const meant = nearKey(name, this.#providers.keys());
        if (meant === null) return text;
        throw new ConnectError('config.invalid', `Configuration "${key}" refers to ${text}, but there is no config provider "${name}"`, {
          remedy: `Write \${${meant}:…} instead, or declare the provider with config.providers.`,
        });
      }
      try {
        return provider.get(path ?? '', item);
      } catch (error) {
        throw new ConnectError('config.invalid', `Configuration "${key}" refers to ${text}, but ${(error as Error).message}`, {
          remedy: 'Provide it to the worker process or correct the reference.',
        });
      }
    });
  }
}

type Kind = 'env' | 'file' | 'directory';

const kinds: Readonly<Record<string, Kind>> = {
  EnvVarConfigProvider: 'env',
  FileConfigProvider: 'file',
  DirectoryConfigProvider: 'directory',
};

function kindOf(className: string, name: string): Kind {
  const kind = kinds[className.slice(className.lastIndexOf('.') + 1)];
  if (kind !== undefined) return kind;
  throw new ConnectError(
    'config.invalid',
    `Invalid value ${className} for configuration config.providers.${name}.class: Class ${className} could not be found.`,
    {
      remedy: `Use one of ${Object.keys(kinds).join(', ')}.`,
    },
  );
}

function createProvider(name: string, kind: Kind, worker: RawConfig, env: Readonly<Record<string, string | undefined>>): ConfigProvider {
  const param = (key: string): string | null => worker[`config.providers.${name}.param.${key}`]?.trim() ?? null;
  if (kind === 'env') return envProvider(name, param('allowlist.pattern'), env);
  const allowed =
    param('allowed.paths')
      ?.split(',')
      .map((path) => path.trim()) ?? null;
  return { name, get: kind === 'file' ? fileValue(allowed) : directoryValue(allowed) };
}

function envProvider(name: string, pattern: string | null, env: Readonly<Record<string, string | undefined>>): ConfigProvider {
  const allow = pattern === null ? null : new RegExp(`^(?:${pattern})$`);
  return {
    name,
    get(_path, key) {
      if (allow !== null && !allow.test(key))
        throw new Error(`config.providers.${name}.param.allowlist.pattern does not allow the variable ${key}`);
      const value = env[key];
      if (value === undefined) throw new Error(`the environment variable ${key} is not set`);
      return value;
    },
  };
}

function fileValue(allowed: readonly string[] | null): ConfigProvider['get'] {
  return (path, key) => {
    const properties = parseProperties(readText(path, allowed));
    const value = properties.get(key);
    if (value === undefined) throw new Error(`the file ${path} has no key "${key}"`);
    return value;
  };
}

function directoryValue(allowed: readonly string[] | null): ConfigProvider['get'] {
  return (path, key) => {
    if (key.includes('/') || key.includes('\\') || key === '..') throw new Error('the key of a directory reference is a file name');
    return readText(join(path, key), allowed).replace(/\r?\n$/, '');
  };
}

/** Links are followed before the path is held against `allowed.paths`, so that neither `..` nor a link leads out. */
function readText(path: string, allowed: readonly string[] | null): string {
  let real: string;
  try {
    real = realpathSync(path);
  } catch (error) {
    throw new Error(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
  const inside = (root: string): boolean => real === root || real.startsWith(root.endsWith(sep) ? root : root + sep);
  if (allowed !== null && !allowed.some((root) => inside(realRoot(root)))) throw new Error(`${path} is outside allowed.paths`);
  try {
    return readFileSync(real, 'utf8');
  } catch (error) {
    throw new Error(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
}

function realRoot(root: string): string {
  try {
    return realpathSync(root);
  } catch {
    return resolve(root);
  }
}
