import type { Schema } from '../../record/schema.ts';
import type { ConstantNode, HeaderNode } from '../../record/shape.ts';
import { ConnectError } from '../../base/errors.ts';
import { Op } from '../../record/change.ts';
import type { TransformPlugin } from '../plugin.ts';
import { findField, listKey, partPlugins, recordPlugin, replaceNullKey, requireStruct, stringKey, withFields } from './part.ts';

export const headerPlugins: readonly TransformPlugin[] = [
  recordPlugin('DropHeaders', [listKey('headers', 'The name of the headers to be removed.')], (config) => {
    const names = new Set(config.list('headers'));
    return (shape) => ({ ...shape, headers: shape.headers.filter((header) => !names.has(header.name)) });
  }),
  recordPlugin(
    'InsertHeader',
    [
      stringKey('header', 'The name of the header.'),
      stringKey('value.literal', 'The literal value that is to be set as the header value on all records.'),
    ],
    (config) => {
      const header: HeaderNode = {
        name: config.string('header'),
        node: literal(config.string('value.literal')),
        ops: null,
        presence: null,
      };
      return (shape) => ({ ...shape, headers: [...shape.headers, header] });
    },
  ),
  ...headerFrom(),
];

function constant(type: Schema['type'], value: ConstantNode['value']): ConstantNode {
  return { kind: 'constant', schema: { type, optional: false }, value };
}

/** The part of `Values.parseString` that changes a header's text: null, booleans, numbers. Moments, lists and maps are written as they are read. */
function literal(text: string): ConstantNode {
  if (text === 'null') return { kind: 'constant', schema: { type: 'string', optional: true }, value: null };
  if (text === 'true' || text === 'false') return constant('boolean', text === 'true');
  if (/^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$/.test(text)) {
    const value = wholeNumber(text);
    if (value !== null) {
      const fits = (bits: number): boolean => BigInt.asIntN(bits, value) === value;
      return constant(fits(8) ? 'int8' : fits(16) ? 'int16' : fits(32) ? 'int32' : 'int64', fits(32) ? Number(value) : value);
    }
    // A whole number beyond 64 bits is a decimal there, written as it stands here.
    if (/^[+-]?\d+$/.test(text)) return constant('string', text.replace('+', ''));
    const float = Math.fround(Number(text));
    if (Number.isFinite(float)) return constant('float32', float);
    if (Number.isFinite(Number(text))) return constant('float64', Number(text));
  }
  return constant('string', text);
}

/** Also of `1e3` and `2.0`; null: it has a fraction, or more than 64 bits. */
function wholeNumber(text: string): bigint | null {
  const digits = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text);
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = digits ?? [];
  const shift = Number(exponent) - fraction.length;
  const all = `${whole}${fraction}`.replace(/^0+(?=\d)/, '');
  if (Math.abs(shift) > 40) return /^0*$/.test(all) ? 0n : null;
  const scaled = shift >= 0 ? `${all}${'0'.repeat(shift)}` : all.padStart(1 - shift, '0');
  if (shift < 0 && !/^0+$/.test(scaled.slice(shift))) return null;
  const value = BigInt(`${sign === '-' ? '-' : ''}${shift < 0 ? scaled.slice(0, shift) : scaled}`);
  return BigInt.asIntN(64, value) === value ? value : null;
}

const everyOpButTombstone = Object.values(Op).filter((op) => op !== Op.TOMBSTONE);

/** Fields of the key or value as headers. A tombstone has no value, hence no fields to take from it. */
function headerFrom(): TransformPlugin[] {
  const keys = [
    listKey('fields', 'Field names in the record whose values are to be copied or moved to headers.'),
    listKey('headers', 'Header names, in the same order as the field names.'),
    { ...stringKey('operation', 'Either move (fields are removed) or copy (they stay).'), oneOf: ['move', 'copy'] },
    replaceNullKey,
  ];
  return partPlugins({ name: 'HeaderFrom', configKeys: keys, create: () => (node) => node }).map((plugin) => ({
    ...plugin,
    create(config) {
      const part = plugin.className.endsWith('$Key') ? 'key' : 'value';
      const [fields, headers, move] = [config.list('fields'), config.list('headers'), config.choice('operation') === 'move'];
      if (fields.length !== headers.length)
        throw new ConnectError('config.invalid', "'fields' config must have the same number of elements as 'headers' config.", {
          remedy: 'Name one header for each field, in the same order.',
        });
      return {
        plan(shape) {
          const node = shape[part];
          if (node === null) return { shape, step: null };
          const struct = requireStruct(node, 'header extraction');
          const added = fields.map((name, at): HeaderNode => {
            const field = findField(struct, name);
            if (field === null)
              throw new ConnectError('data.shape', `Field does not exist: ${name}`, { remedy: 'Correct "fields" of HeaderFrom.' });
            return { name: headers[at] as string, node: field, ops: part === 'key' ? null : everyOpButTombstone, presence: null };
          });
          const rest = move
            ? withFields(
                struct,
                struct.fields.filter((field) => !fields.includes(field.name)),
              )
            : struct;
          return { shape: { ...shape, [part]: rest, headers: [...shape.headers, ...added] }, step: null };
        },
      };
    },
  }));
}
