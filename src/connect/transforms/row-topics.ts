import { ConnectError } from '../../base/errors.ts';
import type { Change } from '../../record/change.ts';
import type { Shape } from '../../record/shape.ts';
import type { RowRoute, RowTarget } from '../transform.ts';

/** More is taken for a mistake: each topic costs the cluster files and the worker an encoder. */
const targetsMax = 10_000;

/** What else records of a topic differ in. */
export interface RowVariants {
  readonly shapes: readonly Shape[];
  /** The number of the row's shape, -1: as the plan says. */
  choose(change: Change): number;
}

/** Numbers topics as rows name them, and under each its variants. */
export class RowTopics implements RowRoute {
  readonly targets: RowTarget[] = [];
  readonly #numbers = [new Map<string, number>(), new Map<string, number>()] as const;
  readonly #topicOf: (change: Change) => string;
  readonly #isTombstone: ((change: Change) => boolean) | null;
  readonly #variants: RowVariants | null;

  constructor(
    topicOf: (change: Change) => string,
    isTombstone: ((change: Change) => boolean) | null = null,
    variants: RowVariants | null = null,
  ) {
    this.#topicOf = topicOf;
    this.#isTombstone = isTombstone;
    this.#variants = variants;
  }

  choose(change: Change): number {
    const topic = this.#topicOf(change);
    const tombstone = this.#isTombstone?.(change) ?? false;
    const numbers = this.#numbers[tombstone ? 1 : 0];
    const variant = this.#variants === null || tombstone ? -1 : this.#variants.choose(change);
    const name = variant < 0 ? topic : `${topic} ${variant}`;
    const known = numbers.get(name);
    if (known !== undefined) return known;
    this.#check(topic);
    const shape = this.#variants?.shapes[variant];
    const number = this.targets.push({ topic, tombstone, ...(shape !== undefined && { shape: { ...shape, topic } }) }) - 1;
    numbers.set(name, number);
    return number;
  }

  /** A name that Kafka refuses is this row's fault, and not the connector's end where errors are tolerated. */
  #check(topic: string): void {
    if (!/^[\w.-]{1,249}$/.test(topic) || topic === '.' || topic === '..')
      throw new ConnectError('data.value', 'A row names a topic that Kafka does not allow.', {
        remedy:
          'Topic names have letters, digits, "." "_" "-" and at most 249 of them: correct the row, or the expression or replacement that makes the name.',
      });
    if (this.targets.length >= targetsMax)
      throw new ConnectError('data.value', `Rows name more than ${targetsMax} topics.`, { remedy: 'Route by a column with few values.' });
  }
}
