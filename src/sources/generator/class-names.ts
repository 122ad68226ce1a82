import type { SourceNames } from '../../connect/plugin.ts';

export const generatorSourceNames: SourceNames = {
  className: 'millrace.SampleData',
  aliases: ['io.confluent.kafka.connect.datagen.DatagenConnector', 'DatagenSource'],
  version: '0.1.0',
};
