import { ConnectError } from '../../base/errors.ts';
import type { Config } from '../../connect/config.ts';
import type { ConfigIssue, ConfigKey, SourcePlugin } from '../../connect/plugin.ts';
import { generatorSourceNames } from './class-names.ts';
import { generatorOptions, unknownQuickstart } from './generator-options.ts';
import { GeneratorSource } from './generator-source.ts';
import { findQuickstart, quickstartNames } from './quickstarts.ts';
import { namedDays } from './hour-rates.ts';
import { planRows } from './row-generator.ts';
import { scenarioOptions, unknownScenario } from './scenario-options.ts';
import { planTables, ScenarioSource } from './scenario-source.ts';
import { findScenario, scenarioNames } from './scenarios.ts';

const data: readonly ConfigKey[] = [
  { name: 'kafka.topic', type: 'STRING', importance: 'HIGH', doc: 'The topic the records are written to.' },
  {
    name: 'quickstart',
    type: 'STRING',
    default: '',
    importance: 'HIGH',
    doc: `Ready-made data: one of ${quickstartNames.join(', ')}. Either this, schema.string or schema.filename.`,
    check: (value) => (value.trim() === '' || findQuickstart(value) !== null ? null : unknownQuickstart(value)),
  },
  {
    name: 'schema.string',
    type: 'STRING',
    default: '',
    importance: 'HIGH',
    width: 'LONG',
    doc: 'The Avro schema of the records, annotated with arg.properties.',
  },
  { name: 'schema.filename', type: 'STRING', default: '', importance: 'HIGH', doc: 'A file with such a schema.' },
  {
    name: 'schema.keyfield',
    type: 'STRING',
    default: '',
    importance: 'HIGH',
    doc: "The field that becomes the record key; by default that of the quickstart, and none for one's own schema.",
  },
  {
    name: 'random.seed',
    type: 'LONG',
    default: null,
    doc: 'The same seed makes the same records on every machine; without one they are different ones at every first start.',
  },
  { name: 'iterations', type: 'LONG', default: '-1', importance: 'HIGH', doc: 'How many records in all; 0 or less: without end.' },
  {
    name: 'generate.timeout',
    type: 'LONG',
    default: null,
    min: 1,
    doc: 'The task fails when making one record takes longer, in milliseconds.',
  },
];

const scenario: readonly ConfigKey[] = [
  {
    name: 'scenario',
    type: 'STRING',
    default: '',
    importance: 'HIGH',
    doc: `Tables that belong together, with inserts, updates and deletes: one of ${scenarioNames.join(', ')}. In place of a quickstart or schema; topics are kafka.topic, a dot, and the table.`,
    check: (value) => (value.trim() === '' || findScenario(value) !== null ? null : unknownScenario(value)),
  },
  { name: 'scenario.file', type: 'STRING', default: '', doc: 'A JSON file that describes a scenario of your own.' },
  {
    name: 'scenario.form',
    type: 'STRING',
    default: 'flat',
    oneOf: ['flat', 'envelope'],
    doc: 'flat: the row as value, a header op, and a tombstone for a deleted row; envelope: before, after, source, op and ts_ms, as Debezium writes them.',
  },
  {
    name: 'scenario.start',
    type: 'STRING',
    default: '',
    doc: 'The time at which the data begins, in milliseconds since 1970 or ISO 8601; without it times of the data follow the clock.',
  },
  {
    name: 'scenario.turn.ms',
    type: 'INT',
    default: '1000',
    min: 0,
    doc: 'With scenario.start: how much later each turn is than the one before.',
  },
];

const pace: readonly ConfigKey[] = [
  {
    name: 'max.interval',
    type: 'LONG',
    default: null,
    importance: 'HIGH',
    doc: 'Longest pause before a record in milliseconds, half of it on average; 0: none. 500 unless rows.per.second is given.',
  },
  {
    name: 'rows.per.second',
    type: 'DOUBLE',
    default: '0',
    min: 0,
    doc: 'A steady rate instead of random pauses; 0: max.interval decides.',
  },
  {
    name: 'burst.rows',
    type: 'INT',
    default: '1',
    min: 1,
    doc: 'With rows.per.second: so many records at once, then a pause for all of them.',
  },
  {
    name: 'jitter',
    type: 'DOUBLE',
    default: '0',
    min: 0,
    max: 1,
    doc: 'With rows.per.second: how much pauses vary, as a share of themselves.',
  },
  {
    name: 'rate.by.hour',
    type: 'STRING',
    default: '',
    doc: `How much of rows.per.second there is at which time of day: ${namedDays.join(', ')}, or 24 numbers from midnight on, 1 for all of it.`,
  },
  { name: 'rate.zone', type: 'STRING', default: 'UTC', doc: 'The time zone of rate.by.hour.' },
];

const ofCloud: readonly ConfigKey[] = [
  ...['output.data.format', 'output.key.format'].map((name): ConfigKey => ({
    name,
    type: 'STRING',
    default: null,
    importance: 'LOW',
    doc: 'Accepted from configs of Confluent Cloud.',
    ignored: 'the format is that of key.converter and value.converter',
  })),
  ...['kafka.auth.mode', 'kafka.api.key', 'kafka.service.account.id'].map((name): ConfigKey => ({
    name,
    type: 'STRING',
    default: null,
    importance: 'LOW',
    doc: 'Accepted from configs of Confluent Cloud.',
    ignored: "the worker's connection to Kafka is used; producer.override.* changes it",
  })),
  {
    name: 'kafka.api.secret',
    type: 'PASSWORD',
    default: null,
    importance: 'LOW',
    doc: 'Accepted from configs of Confluent Cloud.',
    ignored: "the worker's connection to Kafka is used; producer.override.* changes it",
  },
];

function validate(config: Config): readonly ConfigIssue[] {
  try {
    const scenario = scenarioOptions(config);
    if (scenario !== null) {
      planTables(scenario, '');
      return [];
    }
    const { schema, topic, keyField } = generatorOptions(config);
    planRows(schema, topic, keyField, -1);
    return [];
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    return [{ key: keyAtFault(config, error.message), message: error.message }];
  }
}

function keyAtFault(config: Config, message: string): string {
  for (const key of ['schema.keyfield', 'random.seed', 'rate.zone', 'rate.by.hour', 'rows.per.second', 'scenario.start'])
    if (message.includes(key)) return key;
  return (
    ['scenario.file', 'scenario', 'schema.string', 'schema.filename', 'quickstart'].find((name) => (config.optional(name) ?? '') !== '') ??
    'quickstart'
  );
}

export const generatorSourcePlugin: SourcePlugin = {
  ...generatorSourceNames,
  configKeys: [
    ...data.map((key) => ({ ...key, group: 'Data' })),
    ...scenario.map((key) => ({ ...key, group: 'Scenario' })),
    ...pace.map((key) => ({ ...key, group: 'Pace' })),
    ...ofCloud.map((key) => ({ ...key, group: 'Confluent Cloud' })),
  ],
  validate,
  create: (context) => {
    const scenario = scenarioOptions(context.config);
    return scenario === null ? new GeneratorSource(context) : new ScenarioSource(context, scenario);
  },
};
