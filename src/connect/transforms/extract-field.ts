import { ConnectError } from '../../base/errors.ts';
import { Op, TupleRef } from '../../record/change.ts';
import type { Node, StructNode } from '../../record/shape.ts';
import type { Config } from '../config.ts';
import type { TransformPlugin } from '../plugin.ts';
import type { RowStep, ShapePlan } from '../transform.ts';
import { fillMissing } from './missing-image.ts';
import { findField, invalid, replaceNullKey, requireStruct, stringKey } from './part.ts';

export const extractFieldPlugins: readonly TransformPlugin[] = (['key', 'value'] as const).map((part) => ({
  className: `org.apache.kafka.connect.transforms.ExtractField$${part === 'key' ? 'Key' : 'Value'}`,
  aliases: [],
  configKeys: [
    stringKey('field', 'Field name to extract.'),
    {
      ...stringKey('field.syntax.version', 'V1: the name as it is. V2: a path with dots, names with dots in back-ticks.', 'V1'),
      oneOf: ['V1', 'V2'],
    },
    replaceNullKey,
  ],
  create(config: Config) {
    const isPath = config.optional('field.syntax.version')?.toUpperCase() === 'V2';
    const path = isPath ? fieldPath(config.string('field')) : [config.string('field')];
    return {
      plan(shape, op): ShapePlan {
        const whole = shape[part];
        if (whole === null) return { shape, step: null };
        try {
          const { node, step } = extract(whole, path, op, shape.schema.columns.length);
          return { shape: { ...shape, [part]: node }, step };
        } catch (error) {
          // A tombstone's value is null whatever its shape, so that it passes.
          if (part === 'value' && op === Op.TOMBSTONE && error instanceof ConnectError) return { shape, step: null };
          throw error;
        }
      },
    };
  },
}));

/** A field of an image that is not there is null. */
function extract(whole: Node, path: readonly string[], op: Op, columns: number): { node: Node; step: RowStep | null } {
  let at = whole;
  let image: StructNode['presence'] = null;
  for (const name of path) {
    const struct = requireStruct(at, 'field extraction');
    image = struct.presence ?? image;
    const field = findField(struct, name);
    if (field === null) throw new ConnectError('data.shape', `Unknown field: ${name}`, { remedy: 'Correct "field" of ExtractField.' });
    at = field;
  }
  if (image === null || at.kind === 'struct') return { node: at, step: null };
  const isOld = image === TupleRef.BEFORE;
  const optional = { ...at.schema, optional: true };
  const isGone = isOld ? op === Op.CREATE || op === Op.READ || op === Op.TRUNCATE : op === Op.DELETE || op === Op.TRUNCATE;
  if (isGone) return { node: { kind: 'constant', schema: optional, value: null }, step: null };
  if (!isOld || op !== Op.UPDATE) return { node: at, step: null };
  const step: RowStep = ({ before }) => {
    fillMissing(before, columns);
    return true;
  };
  return { node: { ...at, schema: optional }, step };
}

/** KIP-821: names joined by dots; a name with dots stands in back-ticks, where a doubled back-tick is one. */
export function fieldPath(text: string): string[] {
  const names: string[] = [];
  const name = /(?:`((?:[^`]|``)*)`|([^.`][^.]*|))(\.|$)/y;
  for (let end = false; !end;) {
    const match = name.exec(text);
    if (match === null) throw invalid('field', text, 'a back-tick is not closed, or something other than a dot follows one');
    names.push(match[1]?.replaceAll('``', '`') ?? match[2] ?? '');
    end = match[3] === '';
  }
  return names;
}
