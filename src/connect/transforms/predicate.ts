import { javaRegex } from '../../base/java-regex.ts';
import type { HeaderNode, Shape } from '../../record/shape.ts';
import { Op } from '../../record/change.ts';
import { ConnectError } from '../../base/errors.ts';
import type { Config } from '../config.ts';
import type { ConfigKey } from '../plugin.ts';
import type { RowStep, Transform } from '../transform.ts';
import { stringKey } from './part.ts';
import { isThere } from './row-value.ts';

/**
 * Asked once per shape and operation. An answer that only a row can give is a step, which costs a call per row; all
 * others cost nothing.
 */
export type Predicate = (shape: Shape, op: Op) => boolean | RowStep;

export interface PredicatePlugin {
  readonly className: string;
  readonly aliases: readonly string[];
  readonly configKeys: readonly ConfigKey[];
  /** `config` holds the predicate's own options, prefix (`predicates.ALIAS.`) taken off. */
  create(config: Config): Predicate;
}

const packageName = 'org.apache.kafka.connect.transforms.predicates';

export const predicatePlugins: readonly PredicatePlugin[] = [
  {
    className: `${packageName}.TopicNameMatches`,
    aliases: [],
    configKeys: [stringKey('pattern', 'A Java regular expression for matching against the whole name of a topic.')],
    create(config) {
      const pattern = javaRegex(config.string('pattern'), 'pattern');
      return (shape) => pattern.matches(shape.topic);
    },
  },
  {
    className: `${packageName}.RecordIsTombstone`,
    aliases: [],
    configKeys: [],
    create: () => (_shape, op) => op === Op.TOMBSTONE,
  },
  {
    className: `${packageName}.HasHeaderKey`,
    aliases: [],
    configKeys: [stringKey('name', 'The header name.')],
    create(config) {
      const name = config.string('name');
      return (shape, op) => {
        const found = shape.headers.filter((header) => header.name === name && (header.ops === null || header.ops.includes(op)));
        if (found.length === 0 || found.some(isAlwaysThere)) return found.length > 0;
        return (change) => found.some((header) => isThere(header, change));
      };
    },
  },
];

function isAlwaysThere({ presence, presenceRegister }: HeaderNode): boolean {
  return presence === null && presenceRegister === undefined;
}

/** Applies a transform only where a predicate holds. */
export function whenMatches(transform: Transform, predicate: Predicate, negate: boolean, alias: string): Transform {
  return {
    prepare: (shape) => transform.prepare?.(shape) ?? Promise.resolve(),
    plan(shape, op, partition) {
      const answer = predicate(shape, op);
      if (typeof answer === 'boolean') return answer === negate ? { shape, step: null } : transform.plan(shape, op, partition);
      const plan = transform.plan(shape, op, partition);
      // Of the transforms only a filter leaves the shape as it is; a shape cannot differ from row to row.
      if (plan === null) return { shape, step: (change) => answer(change) === negate };
      throw new ConnectError('data.shape', `Transform "${alias}" depends on a header that only some records of "${shape.topic}" have.`, {
        remedy: 'Only Filter can be put under such a HasHeaderKey; choose by topic or by RecordIsTombstone for others.',
      });
    },
  };
}
