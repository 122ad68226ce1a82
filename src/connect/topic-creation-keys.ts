import { aliases, family } from './connector-config.ts';
import type { RawConfig } from './config-spec.ts';
import type { ConfigKey } from './plugin.ts';

/** Kafka Connect's rule: once any `topic.creation.*` key is there, the default group must be complete. */
export function topicCreationKeys(config: RawConfig): ConfigKey[] {
  const given = Object.keys(config).filter((name) => name.startsWith('topic.creation.'));
  if (given.length === 0) return [];
  const keys: ConfigKey[] = [];
  for (const group of new Set(['default', ...aliases(config['topic.creation.groups'])])) {
    const isDefault = group === 'default';
    const prefix = `topic.creation.${group}.`;
    const label = isDefault ? 'default' : `Topic Creation: ${group}`;
    const key = (
      name: string,
      type: ConfigKey['type'],
      value: string | null | undefined,
      displayName: string,
      check?: ConfigKey['check'],
    ): ConfigKey => ({
      name: prefix + name,
      type,
      default: value,
      importance: 'LOW',
      group: label,
      width: 'LONG',
      displayName: `${displayName} ${group}`,
      doc: `${displayName} ${group}.`,
      check,
    });
    keys.push(
      key('include', 'LIST', isDefault ? '.*' : '', 'Inclusion Topic Pattern for', patternComplaint),
      key('exclude', 'LIST', '', 'Exclusion Topic Pattern for', patternComplaint),
      key('replication.factor', 'SHORT', isDefault ? undefined : null, 'Replication Factor for Topics in', (value) =>
        positiveOrDefault(
          value,
          "Replication factor must be positive and not larger than the number of brokers in the Kafka cluster, or -1 to use the broker's default",
        ),
      ),
      key('partitions', 'INT', isDefault ? undefined : null, 'Partition Count for Topics in', (value) =>
        positiveOrDefault(value, "Number of partitions must be positive, or -1 to use the broker's default"),
      ),
      { ...family(new RegExp(`^${RegExp.escape(prefix)}`), 'STRING', 'A setting of the topics that are created.'), group: label },
    );
  }
  return keys;
}

function positiveOrDefault(value: string, complaint: string): string | null {
  return Number(value) >= 1 || Number(value) === -1 ? null : complaint;
}

function patternComplaint(value: string): string | null {
  for (const item of aliases(value)) {
    try {
      RegExp(item);
    } catch {
      return `Syntax error in regular expression: ${item}`;
    }
  }
  return null;
}
