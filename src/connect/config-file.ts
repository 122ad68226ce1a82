import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, extname } from 'node:path';
import type Yaml from 'yaml';
import { ConnectError } from '../base/errors.ts';
import type { RawConfig } from './config-spec.ts';
import { parseProperties, PropertiesError } from './properties.ts';

export type TargetState = 'STARTED' | 'PAUSED' | 'STOPPED';

export interface ConnectorFile {
  readonly path: string;
  readonly name: string;
  readonly config: RawConfig;
  /** What a connector that does not exist yet starts as. */
  readonly initialState: TargetState;
}

/** Reads a worker file: `.properties`, or one flat mapping as `.json`, `.yaml`, `.yml`. */
export function readWorkerFile(path: string): RawConfig {
  const parsed = readDocument(path);
  return parsed instanceof Map ? Object.fromEntries(parsed) : flatten(parsed, path, extname(path) !== '.json');
}

/** Reads a connector file: a worker file's shapes, or `{name, config[, initial_state]}`. */
export function readConnectorFile(path: string): ConnectorFile {
  const parsed = readDocument(path);
  const yaml = extname(path) !== '.json';
  let config: Record<string, string | null>;
  let name: string | null = null;
  let initialState: TargetState = 'STARTED';
  if (parsed instanceof Map) {
    config = Object.fromEntries(parsed);
  } else if (isMapping(parsed['config'])) {
    config = flatten(parsed['config'], path, yaml);
    name = typeof parsed['name'] === 'string' ? parsed['name'] : null;
    initialState = parseInitialState(parsed['initial_state'], `${path}: `);
    const unknown = Object.keys(parsed).find((key) => key !== 'name' && key !== 'config' && key !== 'initial_state');
    if (unknown !== undefined) {
      throw new ConnectError('config.invalid', `${path}: unknown member "${unknown}" beside "name" and "config"`, {
        remedy: 'Move it into "config" or remove it.',
      });
    }
  } else {
    config = flatten(parsed, path, yaml);
  }
  name ??= config['name'] ?? null;
  if (name === null || name.trim() === '') {
    throw new ConnectError('config.invalid', `${path}: the connector has no name`, { remedy: 'Add name=… (unique in this worker).' });
  }
  if (config['name'] !== undefined && config['name'] !== name) {
    throw new ConnectError('config.invalid', `${path}: the name "${config['name']}" inside config is not the connector's name "${name}"`, {
      remedy: 'Remove one of the two.',
    });
  }
  return { path, name, config: { ...config, name }, initialState };
}

/** `RUNNING`, `PAUSED` or `STOPPED` in any letter case; absent means RUNNING. */
export function parseInitialState(value: unknown, place = ''): TargetState {
  if (value === undefined || value === null) return 'STARTED';
  switch (typeof value === 'string' ? value.toUpperCase() : '') {
    case 'RUNNING':
      return 'STARTED';
    case 'PAUSED':
      return 'PAUSED';
    case 'STOPPED':
      return 'STOPPED';
    default:
      throw new ConnectError('config.invalid', `${place}initial_state is none of RUNNING, PAUSED, STOPPED`, {
        remedy: 'Set initial_state to one of them, or leave it out for RUNNING.',
      });
  }
}

type Mapping = Readonly<Record<string, unknown>>;

function isMapping(value: unknown): value is Mapping {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function readDocument(path: string): Map<string, string> | Mapping {
  const text = readText(path);
  switch (extname(path)) {
    case '.json':
      return mapping(parseJson(text, path), path);
    case '.yaml':
    case '.yml':
      return mapping(parseYaml(text, path), path);
    case '.properties':
      return parsePropertiesFile(text, path);
    default:
      throw new ConnectError('file.unreadable', `${path}: cannot tell what kind of config file "${basename(path)}" is`, {
        remedy: 'Name it .properties, .json or .yaml.',
      });
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const reason = code === 'ENOENT' ? 'does not exist' : code === 'EACCES' ? 'may not be read by this user' : `cannot be read (${code})`;
    throw new ConnectError('file.unreadable', `Config file ${path} ${reason}`, { remedy: 'Check the path and its permissions.' });
  }
}

function mapping(value: unknown, path: string): Mapping {
  if (isMapping(value)) return value;
  throw new ConnectError('file.unreadable', `${path}: line 1: a config file holds one mapping of keys to values`, {
    remedy: 'Write it as one object: {"key": "value", …}, or key: value lines in YAML.',
  });
}

/** Neither parser's own message is passed on: both quote the text around the fault, which may hold a secret. */
function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text, keepNumberText);
  } catch (error) {
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    const before = text.slice(0, position === undefined ? text.length : Number(position)).split('\n');
    const column = (before.at(-1)?.length ?? 0) + 1;
    throw new ConnectError('file.unreadable', `${path}: line ${before.length}, column ${column}: not valid JSON`, {
      remedy: 'Look for a missing comma, quote or brace on this line or the one before.',
      details: { file: path, line: before.length, column },
    });
  }
}

/** Numbers as they were written (`1.0` stays `1.0`), because config values are text. */
export function keepNumberText(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' ? (context?.source ?? String(value)) : value;
}

function parseYaml(text: string, path: string): unknown {
  // Few files are YAML: the others need not wait for its parser to be loaded.
  const { parseDocument } = createRequire(import.meta.url)('yaml') as typeof Yaml;
  const document = parseDocument(text, { schema: 'failsafe', prettyErrors: true });
  const fault = document.errors[0];
  if (fault === undefined) return document.toJS();
  const line = fault.linePos?.[0].line ?? 1;
  const column = fault.linePos?.[0].col ?? 1;
  throw new ConnectError('file.unreadable', `${path}: line ${line}, column ${column}: not valid YAML (${fault.code})`, {
    remedy: 'Look at indentation and quotes on this line and the one before.',
    details: { file: path, line, column },
  });
}

function parsePropertiesFile(text: string, path: string): Map<string, string> {
  try {
    return parseProperties(text);
  } catch (error) {
    if (!(error instanceof PropertiesError)) throw error;
    throw new ConnectError('file.unreadable', `${path}: line ${error.line}: ${error.message}`, {
      remedy: "Correct this line: Java's rules for .properties files hold, with \\uXXXX for escapes.",
      details: { file: path, line: error.line },
    });
  }
}

/** Scalars become text. In YAML, nested mappings are joined with dots and lists with commas. */
function flatten(value: Mapping, path: string, nested: boolean, prefix = ''): Record<string, string | null> {
  const config: Record<string, string | null> = {};
  for (const [key, member] of Object.entries(value)) {
    const name = prefix + key;
    if (member === null) config[name] = null;
    else if (typeof member === 'string' || typeof member === 'boolean' || typeof member === 'number') config[name] = String(member);
    else if (nested && Array.isArray(member) && member.every((item) => typeof item !== 'object')) config[name] = member.join(',');
    else if (nested && isMapping(member)) Object.assign(config, flatten(member, path, nested, `${name}.`));
    else {
      throw new ConnectError('config.invalid', `${path}: the value of "${name}" is not a single value`, {
        remedy: 'Write lists as text with commas.',
      });
    }
  }
  return config;
}
