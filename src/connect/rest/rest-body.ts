import { randomUUID } from 'node:crypto';

import { keepNumberText } from '../config-file.ts';
import type { RawConfig } from '../config-spec.ts';
import { RequestError } from '../request-error.ts';
import type { OffsetMap, SourceOffset } from '../../record/offset.ts';

/** Kafka Connect answers a body that it cannot read with 500; the body is not quoted, because it may hold secrets. */
function parseJson(text: string, reviver: (key: string, value: unknown, context?: { source?: string }) => unknown): unknown {
  try {
    return JSON.parse(text, reviver);
  } catch (error) {
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    throw new RequestError(500, `The request body is not valid JSON (at character ${Number(position ?? text.length) + 1})`);
  }
}

type Mapping = Readonly<Record<string, unknown>>;

function isMapping(value: unknown): value is Mapping {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** A JSON object with numbers as they were written. */
function parseMapping(text: string): Mapping {
  const parsed = parseJson(text, keepNumberText);
  if (!isMapping(parsed)) throw new RequestError(400, 'The request body is not a JSON object');
  return parsed;
}

/** Scalars become text, as Jackson has it; a null stays null, for validation to refuse or a patch to remove. */
function toConfig(mapping: Mapping): RawConfig {
  return Object.fromEntries(
    Object.entries(mapping).map(([name, value]) => {
      if (value === null || typeof value === 'string') return [name, value];
      if (typeof value === 'boolean') return [name, String(value)];
      throw new RequestError(500, `Cannot deserialize the value of "${name}": a config value is text, not an object or array`);
    }),
  );
}

export function parseConfig(text: string): RawConfig {
  return toConfig(parseMapping(text));
}

export interface CreateRequest {
  readonly name: string;
  readonly config: RawConfig;
  readonly initialState: unknown;
}

export function parseCreate(text: string): CreateRequest {
  const body = parseMapping(text);
  const unknown = Object.keys(body).find((key) => key !== 'name' && key !== 'config' && key !== 'initial_state');
  if (unknown !== undefined)
    throw new RequestError(400, `Unrecognized field "${unknown}": a connector has "name", "config" and "initial_state"`);
  if (!isMapping(body['config'])) throw new RequestError(400, 'The request body has no "config" object');
  const config = toConfig(body['config']);
  const name = body['name'] ?? config['name'] ?? '';
  if (typeof name !== 'string') throw new RequestError(400, 'The name of a connector is text');
  return { name: name.trim(), config, initialState: body['initial_state'] };
}

/** `{"id":…,"type":…,"data":…}` as in Debezium; `data` may be an object or its text. `id` absent: one of its own. */
export function parseSignal(text: string): { readonly id: string; readonly type: string; readonly data: string | null } {
  const body = parseJson(text, (_key, value) => value);
  if (!isMapping(body)) throw new RequestError(400, 'The request body is not a JSON object');
  const unknown = Object.keys(body).find((key) => key !== 'id' && key !== 'type' && key !== 'data');
  if (unknown !== undefined) throw new RequestError(400, `Unrecognized field "${unknown}": a signal has "id", "type" and "data"`);
  const { id = randomUUID(), type, data = null } = body as { id?: unknown; type?: unknown; data?: unknown };
  if (typeof type !== 'string' || type === '') throw new RequestError(400, 'A signal needs a "type", for example "execute-snapshot"');
  if (typeof id !== 'string') throw new RequestError(400, 'The "id" of a signal is text');
  if (data !== null && typeof data !== 'string' && !isMapping(data)) throw new RequestError(400, 'The "data" of a signal is an object');
  return { id, type, data: data === null || typeof data === 'string' ? data : JSON.stringify(data) };
}

/** `{"level":"DEBUG"}` */
export function parseLevel(text: string): string {
  const body = text.trim() === '' ? {} : parseJson(text, (_key, value) => value);
  const level = isMapping(body) ? body['level'] : undefined;
  if (typeof level !== 'string') throw new RequestError(400, "Desired 'level' parameter was not specified in request.");
  return level;
}

/** `{"offsets":[{"partition":{…},"offset":{…}|null}]}`; integers beyond 2^53 keep every digit. */
export function parseOffsets(text: string): SourceOffset[] {
  const body = parseJson(text, (_key, value, context) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value) || !/^-?\d+$/.test(context?.source ?? '')) return value;
    return BigInt(context?.source ?? '');
  });
  if (!isMapping(body) || !Array.isArray(body['offsets'])) {
    throw new RequestError(400, 'Partitions / offsets need to be provided for an alter offsets request');
  }
  return body['offsets'].map((entry: unknown) => {
    if (!isMapping(entry)) throw new RequestError(400, 'Each offset has a "partition" and an "offset"');
    const partition = flat(entry['partition']);
    if (partition === null) throw new RequestError(400, 'The partition of an offset is a flat JSON object');
    const offset = entry['offset'] === null || entry['offset'] === undefined ? null : flat(entry['offset']);
    if (offset === null && isMapping(entry['offset'])) throw new RequestError(400, 'An offset is a flat JSON object or null');
    return { partition, offset };
  });
}

function flat(value: unknown): OffsetMap | null {
  if (!isMapping(value) || Object.values(value).some((member) => member !== null && typeof member === 'object')) return null;
  return value as OffsetMap;
}
