import { ConnectError } from '../../base/errors.ts';
import type { Config } from '../../connect/config.ts';
import type { NewTopic } from '../../kafka/topic-admin.ts';

const prefix = 'topic.creation.';
const ruleKeys = new Set(['include', 'exclude', 'partitions', 'replication.factor']);

/**
 * What a new topic is to look like, by the connector's `topic.creation.*` keys: the first group in `topic.creation.groups`
 * whose `include` matches the whole name and whose `exclude` does not, else the group `default`. Every further key of
 * the group is a topic setting. Without any key the broker's defaults hold.
 */
export function newTopicOf(name: string, config: Config): NewTopic {
  const groups = config.list(`${prefix}groups`).filter((group) => group !== '' && group !== 'default');
  const group = groups.find((candidate) => {
    const rule = config.withPrefix(`${prefix}${candidate}.`);
    return matchesAny(name, rule.list('include'), candidate) && !matchesAny(name, rule.list('exclude'), candidate);
  });
  const fallback = config.withPrefix(`${prefix}default.`);
  const rule = group === undefined ? fallback : config.withPrefix(`${prefix}${group}.`);
  const settings: Record<string, string> = {};
  for (const [key, value] of rule.entries()) if (!ruleKeys.has(key) && value !== null && value !== '') settings[key] = value.trim();
  return {
    name,
    partitions: rule.optionalInt('partitions') ?? fallback.optionalInt('partitions') ?? -1,
    replicationFactor: rule.optionalInt('replication.factor') ?? fallback.optionalInt('replication.factor') ?? -1,
    settings,
  };
}

function matchesAny(name: string, patterns: readonly string[], group: string): boolean {
  return patterns.some((pattern) => {
    try {
      return new RegExp(`^(?:${pattern})$`, 'u').test(name);
    } catch (cause) {
      throw new ConnectError('config.invalid', `Invalid regular expression in ${prefix}${group}: ${pattern}`, {
        remedy: 'Correct the pattern.',
        cause,
      });
    }
  });
}
