import { ConnectError } from '../../base/errors.ts';
import type { ConfigIssue, SourcePlugin } from '../../connect/plugin.ts';
import type { Config } from '../../connect/config.ts';
import { csvSourceNames } from './class-names.ts';
import { csvConfigKeys } from './csv-config-keys.ts';
import { csvOptions } from './csv-options.ts';
import { csvShape } from './csv-shape.ts';
import { CsvSource } from './csv-source.ts';

function validate(config: Config): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  try {
    const options = csvOptions(config);
    if (options.follow !== 'no' && options.repeat > 1) {
      issues.push({ key: 'repeat', message: 'Input that is followed has no end, so it cannot be repeated.' });
    }
    if (options.cleanup.policy !== 'none' && (options.follow === 'rows' || options.repeat > 1)) {
      issues.push({
        key: 'cleanup.policy',
        message: 'Files that are followed or repeated are still needed, so they cannot be taken away.',
      });
    }
    const { columns, shape } = options;
    const names = columns?.map((column) => column.name);
    if (names !== undefined && columns !== null) {
      const twice = names.find((name, index) => names.indexOf(name) !== index);
      if (twice !== undefined) issues.push({ key: 'columns', message: `Column "${twice}" is listed twice.` });
      if (options.columnTypes.length > 0)
        issues.push({ key: 'column.types', message: 'Give types either in "columns" or in "column.types".' });
      for (const [key, fields] of [
        ['key.fields', shape.keyFields],
        ['value.fields', shape.valueFields ?? []],
      ] as const) {
        const missing = fields.find((field) => field.column !== null && !names.includes(field.column));
        if (missing !== undefined) issues.push({ key, message: `Column "${missing.column}" is not in "columns".` });
      }
      const optional = columns.find((column) => column.optional && options.keyColumns.includes(column.name));
      if (optional !== undefined) issues.push({ key: 'key.fields', message: `Column "${optional.name}" of the key may not be optional.` });
      if (issues.length === 0) csvShape(columns, shape);
    }
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    const key =
      [...config.names()].find((name) => error.message.startsWith(name)) ?? (error.message.includes('"input.path"') ? 'file' : 'columns');
    issues.push({ key, message: error.message });
  }
  return issues;
}

export const csvSourcePlugin: SourcePlugin = {
  ...csvSourceNames,
  configKeys: csvConfigKeys,
  validate,
  create: (context) => new CsvSource(context),
};
