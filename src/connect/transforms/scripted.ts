import { javaRegex } from '../../base/java-regex.ts';
import { Op } from '../../record/change.ts';
import type { Shape } from '../../record/shape.ts';
import type { Config } from '../config.ts';
import type { ConfigKey, TransformPlugin } from '../plugin.ts';
import type { ShapePlan } from '../transform.ts';
import { bindExpression, truth } from './expression-program.ts';
import { parseExpression } from './expression.ts';
import type { Expression } from './expression.ts';
import { invalid, stringKey } from './part.ts';
import type { JavaRegex } from '../../base/java-regex.ts';

const modes = ['keep', 'drop', 'evaluate'] as const;

/** Options that Debezium's scripted transforms share. */
export const scriptKeys: readonly ConfigKey[] = [
  stringKey('topic.regex', 'Only records of topics that match this regular expression are looked at; others pass.', null),
  {
    ...stringKey('language', 'Of the script, for scripts of Debezium: jsr223.groovy, jsr223.graal.js. Expressions are read here.', null),
    ignored: 'a script is read as an expression, whatever its language: see docs/debezium-compatibility.md',
  },
  {
    ...stringKey('null.handling.mode', 'Records without a value (tombstones): keep them, drop them, or evaluate the script.', 'keep'),
    oneOf: modes,
  },
];

/** What the two have in common: an expression, and which records it is asked about. */
export class Script {
  readonly expression: Expression;
  readonly #topics: JavaRegex | null;
  readonly #nulls: string;

  constructor(config: Config, key: string) {
    const language = config.optional('language') ?? 'expression';
    if (language.startsWith('wasm.')) throw invalid('language', language, 'only expressions are evaluated, not WebAssembly');
    this.expression = parseExpression(config.string(key), key);
    const topics = config.optional('topic.regex') ?? '';
    this.#topics = topics === '' ? null : javaRegex(topics, 'topic.regex');
    this.#nulls = config.choice('null.handling.mode');
  }

  /** Whether the expression is asked; otherwise whether such records pass. */
  looksAt(shape: Shape, op: Op): 'evaluate' | 'keep' | 'drop' {
    if (this.#topics !== null && !this.#topics.matches(shape.topic)) return 'keep';
    if (op !== Op.TOMBSTONE || this.#nulls === 'evaluate') return 'evaluate';
    return this.#nulls === 'drop' ? 'drop' : 'keep';
  }
}

export const scriptedFilterPlugin: TransformPlugin = {
  className: 'io.debezium.transforms.Filter',
  aliases: [],
  configKeys: [stringKey('condition', "Records pass for which it holds: value.op == 'c' && value.after.price > 100"), ...scriptKeys],
  create(config) {
    const script = new Script(config, 'condition');
    return {
      plan(shape, op): ShapePlan | null {
        const look = script.looksAt(shape, op);
        if (look === 'drop') return null;
        if (look === 'keep') return { shape, step: null };
        const condition = bindExpression(script.expression, shape, op === Op.TOMBSTONE);
        return { shape, step: (change) => truth(condition(change)) };
      },
    };
  },
};
