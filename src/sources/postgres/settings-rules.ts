import type { Config } from '../../connect/config.ts';
import type { ConfigIssue } from '../../connect/plugin.ts';
import { checkMapperKey, mapperKeyPattern } from './column-mapper.ts';
import { checkPattern } from './pattern-check.ts';
import { sslFile } from './driver-settings.ts';
import { validateReselect } from './reselect/reselect-settings.ts';
import { splitKeyColumns, splitPatterns } from './settings-syntax.ts';
import { topicNamingIssues } from './topic-naming.ts';

const exclusivePairs = [
  ['schema.include.list', 'schema.exclude.list'],
  ['table.include.list', 'table.exclude.list'],
  ['column.include.list', 'column.exclude.list'],
  ['message.prefix.include.list', 'message.prefix.exclude.list'],
] as const;

/** What one key alone cannot show. An empty answer means that `parseSettings` succeeds. */
export function validateSettings(config: Config): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const complain = (key: string, message: string): void => {
    issues.push({ key, message });
  };
  for (const [include, exclude] of exclusivePairs) {
    if (filled(config, include) && filled(config, exclude)) {
      complain(exclude, `"${include}" and "${exclude}" exclude each other: set one of them.`);
    }
  }
  for (const table of config.list('snapshot.select.statement.overrides')) {
    const key = `snapshot.select.statement.overrides.${table}`;
    if (!filled(config, key))
      complain(key, `"snapshot.select.statement.overrides" names the table ${table}: "${key}" must hold its SELECT statement.`);
  }
  const tolerates = config.optional('errors.tolerance')?.toLowerCase() === 'all' && filled(config, 'errors.deadletterqueue.topic.name');
  if (config.choice('schema.change.refused.policy') === 'dead_letter' && !tolerates) {
    complain(
      'schema.change.refused.policy',
      '"dead_letter" needs "errors.tolerance" to be "all", and "errors.deadletterqueue.topic.name" to keep the rows.',
    );
  }
  for (const [key, value] of config.entries()) {
    const complaint = mapperKeyPattern.test(key) && value !== null ? checkMapperKey(key) : null;
    if (complaint !== null) complain(key, complaint);
  }
  if (((sslFile(config, 'sslcert') ?? '') === '') !== ((sslFile(config, 'sslkey') ?? '') === '')) {
    complain('database.sslcert', '"database.sslcert" and "database.sslkey" belong together: set both or none.');
  }
  issues.push(...validateReselect(config));
  issues.push(...topicNamingIssues(config));
  return issues;
}

function filled(config: Config, key: string): boolean {
  const value = config.optional(key);
  return value !== null && value !== '';
}

/** Checks of single values, for `ConfigKey.check`: the complaint, or null. */
export function checkKeyColumns(value: string): string | null {
  for (const { tables, columns } of splitKeyColumns(value)) {
    if (tables === '' || columns.length === 0) return 'must be of the form <schema.table regex>:<column>,<column>;...';
    const complaint = checkPattern(tables);
    if (complaint !== null) return complaint;
  }
  return null;
}

export function checkTopicPrefix(value: string): string | null {
  if (!/^[\w.-]+$/.test(value)) return 'may hold letters, digits, ".", "_" and "-" only';
  return value === '.' || value === '..' ? 'is not a name that a topic can start with' : null;
}

export function checkSlotName(value: string): string | null {
  return /^[a-z0-9_]{1,63}$/.test(value) ? null : 'must be 1 to 63 characters: lower-case letters, digits and "_"';
}

export function checkPluginName(value: string): string | null {
  if (/^(pgoutput|decoderbufs)$/i.test(value)) return null;
  return `"${value}" is not supported: changes are read by pgoutput, which is part of Postgres. Set "plugin.name" to "pgoutput" or leave it out.`;
}

/** Debezium's default asks for a plug-in that has to be installed in the server, and needs no publication. */
export function pluginNotice(value: string): string | null {
  if (value.toLowerCase() !== 'decoderbufs') return null;
  return (
    '"decoderbufs" is not used: changes are read by pgoutput, which is part of Postgres; the records are the same. It needs a publication ' +
    '("publication.name"), which is made at the first start if the user may: "all_tables" (default of "publication.autocreate.mode") takes a ' +
    'superuser, "filtered" CREATE on the database and ownership of the tables, "disabled" nothing but a publication that is there. ' +
    'A slot that was made for decoderbufs is not read. Set "plugin.name" to "pgoutput".'
  );
}

export function checkSkippedOperations(value: string): string | null {
  const items = value.split(',').map((item) => item.trim().toLowerCase());
  if (items.includes('none')) return items.length === 1 ? null : '"none" stands alone';
  return items.every((item) => /^[cudt]$/.test(item)) ? null : 'may hold c, u, d and t, or "none"';
}

export function checkReplicaIdentities(value: string): string | null {
  for (const item of splitPatterns(value)) {
    const match = /^(.+):\s*(DEFAULT|FULL|NOTHING|INDEX\s+\S.*)$/i.exec(item);
    if (match === null) return `"${item}" is not of the form <schema.table regex>:DEFAULT|FULL|NOTHING|INDEX <name>`;
    const complaint = checkPattern(match[1] ?? '');
    if (complaint !== null) return complaint;
  }
  return null;
}

export function checkPlaceholder(value: string): string | null {
  return value.startsWith('hex:') && !/^hex:(?:[0-9a-f]{2})*$/i.test(value)
    ? 'after "hex:" there must be pairs of hexadecimal digits'
    : null;
}
