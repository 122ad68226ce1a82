import { readFileSync } from 'node:fs';
import { ConnectError } from '../../base/errors.ts';
import type { Config } from '../../connect/config.ts';
import { parseAvroSchema, type AvroRecord } from './avro-type.ts';
import { HourRates } from './hour-rates.ts';
import type { Pace } from './pacer.ts';
import { findQuickstart, quickstartNames } from './quickstarts.ts';

export interface GeneratorOptions {
  readonly topic: string;
  readonly schema: AvroRecord;
  /** Null: records have no key. */
  readonly keyField: string | null;
  /** How many records there are in all; Infinity for ever. */
  readonly iterations: number;
  /** Null: another one at every first start. */
  readonly seed: bigint | null;
  /** Longest time that one record may take; 0: any. */
  readonly timeoutMs: number;
  readonly pace: Pace;
}

const intervalMsDefault = 500;

/** Throws `config.invalid` or `file.unreadable`. */
export function generatorOptions(config: Config): GeneratorOptions {
  const { schema, keyField } = schemaOf(config);
  const iterations = config.int('iterations');
  return {
    topic: config.string('kafka.topic'),
    schema,
    keyField: given(config, 'schema.keyfield') ?? keyField,
    iterations: iterations > 0 ? iterations : Infinity,
    seed: seedOf(config),
    timeoutMs: config.optionalInt('generate.timeout') ?? 0,
    pace: paceOf(config),
  };
}

interface KeyedSchema {
  readonly schema: AvroRecord;
  readonly keyField: string | null;
}

const sources = ['schema.string', 'schema.filename', 'quickstart'] as const;

function schemaOf(config: Config): KeyedSchema {
  const chosen = sources.filter((name) => given(config, name) !== null);
  if (chosen.length !== 1) {
    throw new ConnectError(
      'config.invalid',
      `Must set exactly one of ${sources.join(', ')}; ${chosen.length === 0 ? 'none' : chosen.join(', ')} set.`,
      {
        remedy: `Choose a quickstart (${quickstartNames.join(', ')}), or give an Avro schema.`,
      },
    );
  }
  const quickstart = given(config, 'quickstart');
  if (quickstart !== null) {
    const found = findQuickstart(quickstart);
    if (found === null) {
      throw new ConnectError('config.invalid', unknownQuickstart(quickstart), { remedy: 'Set quickstart to one of these names.' });
    }
    return found;
  }
  return { schema: parseAvroSchema(given(config, 'schema.string') ?? readSchema(given(config, 'schema.filename') ?? '')), keyField: null };
}

export function unknownQuickstart(name: string): string {
  return `The quickstart "${name}" is unknown: it must be one out of ${quickstartNames.join(', ')}.`;
}

function readSchema(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConnectError('file.unreadable', `Unable to find the schema file "${file}".`, {
      remedy: 'Correct schema.filename, which is relative to where the worker was started, or the permissions of the file.',
      cause: error,
      details: { file },
    });
  }
}

export function seedOf(config: Config): bigint | null {
  const seed = given(config, 'random.seed');
  if (seed === null) return null;
  if (!/^[-+]?\d{1,19}$/.test(seed) || BigInt.asIntN(64, BigInt(seed.replace('+', ''))) !== BigInt(seed.replace('+', ''))) {
    throw new ConnectError('config.invalid', 'random.seed must be a whole number of 64 bits.', {
      remedy: 'Use a number from -9223372036854775808 to 9223372036854775807, or leave random.seed out.',
    });
  }
  return BigInt(seed.replace('+', ''));
}

export function paceOf(config: Config): Pace {
  const rowsPerSecond = Number(given(config, 'rows.per.second') ?? 0);
  const interval = config.optionalInt('max.interval');
  if (interval !== null && interval > 0 && rowsPerSecond > 0) {
    throw new ConnectError('config.invalid', 'Both "max.interval" and "rows.per.second" are given; they exclude each other.', {
      remedy: 'Leave one of them out.',
    });
  }
  return {
    intervalMsMax: rowsPerSecond > 0 ? 0 : Math.max(0, interval ?? intervalMsDefault),
    rowsPerSecond,
    burstRows: config.int('burst.rows'),
    jitter: Number(config.string('jitter')),
    byHour: byHourOf(config, rowsPerSecond),
  };
}

function byHourOf(config: Config, rowsPerSecond: number): HourRates | null {
  const written = given(config, 'rate.by.hour');
  if (written === null) return null;
  const rates = new HourRates(written, given(config, 'rate.zone') ?? 'UTC');
  if (rowsPerSecond > 0) return rates;
  throw new ConnectError('config.invalid', 'rate.by.hour is given without rows.per.second, of which it is a share.', {
    remedy: 'Set rows.per.second to the rate of the busiest hour.',
  });
}

/** Null for a key without a value or with an empty one. */
export function given(config: Config, name: string): string | null {
  const value = config.optional(name);
  return value === null || value === '' ? null : value;
}
