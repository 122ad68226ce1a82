import { ConnectError } from '../base/errors.ts';

/** Under which subject a schema is registered. `recordName` is null for a schema that is no record. */
export type SubjectNameStrategy = (topic: string, isKey: boolean, recordName: string | null) => string;

const part = (isKey: boolean): string => (isKey ? 'key' : 'value');

const strategies: Readonly<Record<string, SubjectNameStrategy>> = {
  TopicNameStrategy: (topic, isKey) => `${topic}-${part(isKey)}`,
  RecordNameStrategy: (_topic, _isKey, recordName) => named(recordName),
  TopicRecordNameStrategy: (topic, _isKey, recordName) => `${topic}-${named(recordName)}`,
};

const confluentPackage = 'io.confluent.kafka.serializers.subject.';

/** By Confluent's class name, with or without its package. */
export function subjectNameStrategy(className: string): SubjectNameStrategy {
  const name = className.startsWith(confluentPackage) ? className.slice(confluentPackage.length) : className;
  const strategy = Object.hasOwn(strategies, name) ? strategies[name] : undefined;
  if (strategy !== undefined) return strategy;
  throw new ConnectError('config.invalid', `Unknown subject name strategy "${className}".`, {
    remedy: `Use one of ${subjectNameStrategies.join(', ')}.`,
  });
}

export const subjectNameStrategies: readonly string[] = Object.keys(strategies).map((name) => confluentPackage + name);

function named(recordName: string | null): string {
  if (recordName !== null) return recordName;
  throw new ConnectError('data.shape', 'A subject named after the record needs a schema that is a record.', {
    remedy: 'Use TopicNameStrategy for keys and values that are not structs.',
  });
}
