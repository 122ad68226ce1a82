import type { Config } from '../../connect/config.ts';
import { anchored } from './name-list.ts';
import { placeholderBytes, splitPatterns } from './settings-syntax.ts';

/** How values are written. */
export interface TypeSettings {
  readonly timePrecision:
    | 'adaptive'
    | 'adaptive_time_microseconds'
    | 'connect'
    | 'microseconds'
    | 'nanoseconds'
    | 'isostring'
    | 'structured';
  readonly decimals: 'precise' | 'double' | 'string';
  readonly moneyFractionDigits: number;
  readonly intervals: 'numeric' | 'string';
  readonly hstore: 'json' | 'map';
  /** Types without a form of their own are written as the bytes of their text. */
  readonly unknownTypes: boolean;
  readonly binary: 'bytes' | 'base64' | 'base64-url-safe' | 'hex';
  readonly composites: 'struct' | 'text';
  readonly arrays: 'array' | 'struct' | 'text';
  /** Over `schema.table.column`: their arrays are structs. */
  readonly arrayStructs: readonly RegExp[];
  readonly ranges: 'text' | 'struct';
  readonly geometrics: 'text' | 'struct';
  /** Stands for unchanged TOAST: the bytes of the placeholder. */
  readonly unavailablePlaceholder: Uint8Array;
}

export function typeSettings(config: Config, dialect: 'debezium' | 'millrace'): TypeSettings {
  return {
    timePrecision: config.choice('time.precision.mode') as TypeSettings['timePrecision'],
    decimals: config.choice('decimal.handling.mode') as TypeSettings['decimals'],
    moneyFractionDigits: config.int('money.fraction.digits'),
    intervals: config.choice('interval.handling.mode') as TypeSettings['intervals'],
    hstore: config.choice('hstore.handling.mode') as TypeSettings['hstore'],
    unknownTypes: config.boolean('include.unknown.datatypes'),
    binary: config.choice('binary.handling.mode') as TypeSettings['binary'],
    composites: (config.optional('composite.handling.mode') ?? (dialect === 'millrace' ? 'struct' : 'text')) as TypeSettings['composites'],
    arrays: config.choice('array.handling.mode') as TypeSettings['arrays'],
    arrayStructs: splitPatterns(config.optional('array.struct.columns')).map(anchored),
    ranges: config.choice('range.handling.mode') as TypeSettings['ranges'],
    geometrics: config.choice('geometric.handling.mode') as TypeSettings['geometrics'],
    unavailablePlaceholder: placeholderBytes(config.string('unavailable.value.placeholder')),
  };
}
