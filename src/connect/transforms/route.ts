import { javaRegex, javaReplacement } from '../../base/java-regex.ts';
import type { TransformPlugin } from '../plugin.ts';
import { recordPlugin, stringKey } from './part.ts';

/** Topic names, decided once per shape. */
export const routePlugins: readonly TransformPlugin[] = [
  recordPlugin(
    'RegexRouter',
    [
      stringKey('regex', 'Regular expression to use for matching.'),
      stringKey('replacement', 'Replacement string, with $1 or ${name} for groups.'),
    ],
    (config) => {
      const regex = javaRegex(config.string('regex'), 'regex');
      const replacement = javaReplacement(config.string('replacement'));
      // Matches the empty text with every group the expression has: an illegal reference is found now, not with the first topic.
      ''.replace(new RegExp(`${regex.find.source}|`), replacement);
      return (shape) => ({ ...shape, topic: regex.matches(shape.topic) ? shape.topic.replace(regex.find, replacement) : shape.topic });
    },
  ),
];
