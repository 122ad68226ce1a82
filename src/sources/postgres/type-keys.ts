import type { ConfigKey } from '../../connect/plugin.ts';
import { choice, optional } from './config-key.ts';
import { checkPatterns } from './pattern-check.ts';
import { checkPlaceholder } from './settings-rules.ts';

const values = { group: 'Types' } as const;

/** How values are written. */
export const typeKeys: readonly ConfigKey[] = [
  choice(
    'time.precision.mode',
    'adaptive',
    ['adaptive', 'adaptive_time_microseconds', 'connect', 'microseconds', 'nanoseconds', 'isostring', 'structured'],
    'How date, time and timestamp are written; structured (as in Debezium 3.7): these, those with zone and interval as structs of their parts.',
    values,
  ),
  choice('decimal.handling.mode', 'precise', ['precise', 'double', 'string'], 'How numeric and money are written.', values),
  choice('interval.handling.mode', 'numeric', ['numeric', 'string'], 'How interval is written.', values),
  choice('hstore.handling.mode', 'json', ['json', 'map'], 'How hstore is written.', values),
  optional(
    'include.unknown.datatypes',
    'BOOLEAN',
    'false',
    'Columns of types without a form of their own as the bytes of their text (see binary.handling.mode).',
    values,
  ),
  choice('binary.handling.mode', 'bytes', ['bytes', 'base64', 'base64-url-safe', 'hex'], 'How bytea is written.', values),
  optional('money.fraction.digits', 'INT', '2', 'Digits of money after the point.', { ...values, min: 0, max: 1000 }),
  optional(
    'unavailable.value.placeholder',
    'STRING',
    '__debezium_unavailable_value',
    'Stands for a large value that an update did not change; after "hex:" raw bytes.',
    { ...values, formerly: ['toasted.value.placeholder'], check: checkPlaceholder },
  ),
  optional(
    'composite.handling.mode',
    'STRING',
    null,
    'How values of composite types are written: struct, or text, which under the Debezium class name is a type without a form of its own. By default struct under millrace.PostgresSource, else text.',
    { ...values, oneOf: ['struct', 'text'] },
  ),
  choice(
    'array.handling.mode',
    'array',
    ['array', 'struct', 'text'],
    'How arrays are written: as arrays, which takes one dimension only; as structs of lengths, lower bounds and elements, which take any; or as the text that Postgres prints.',
    values,
  ),
  optional(
    'array.struct.columns',
    'LIST',
    null,
    'Columns whose arrays are structs whatever array.handling.mode says, as schema.table.column. Anchored regular expressions.',
    { ...values, check: checkPatterns },
  ),
  choice(
    'range.handling.mode',
    'text',
    ['text', 'struct'],
    'How ranges and multiranges are written; struct: bounds, and what belongs to them.',
    values,
  ),
  choice(
    'geometric.handling.mode',
    'text',
    ['text', 'struct'],
    'How line, circle, box, lseg, path and polygon are written; struct: as Debezium 3.7 does. Text is under the Debezium class name a type without a form of its own.',
    values,
  ),
];
