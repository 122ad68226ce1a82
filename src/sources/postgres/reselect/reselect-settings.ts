import type { Config } from '../../../connect/config.ts';
import type { ConfigIssue, ConfigKey } from '../../../connect/plugin.ts';
import { optional } from '../config-key.ts';
import { compileNameList, type NameList } from '../name-list.ts';
import { checkPatterns } from '../pattern-check.ts';
import { splitPatterns } from '../settings-syntax.ts';

/** Which values that the stream did not bring are read from the database. */
export interface ReselectSettings {
  /** Over `schema.table:column`. */
  readonly columns: NameList;
  /** Large values that an update did not change. */
  readonly unavailable: boolean;
  readonly nulls: boolean;
  /** Rows are looked up by the record's key instead of the primary key. */
  readonly byEventKey: boolean;
  /** When the row is gone: the record stays as it is, with or without a warning, or is refused. */
  readonly missingRow: 'keep' | 'warn' | 'fail';
  /** When the server refuses the query. A lost connection is no such case: the task tries again. */
  readonly refusedQuery: 'warn' | 'fail';
}

const className = 'io.debezium.processors.reselect.ReselectColumnsPostProcessor';
const booleans = new Set(['reselect.unavailable.values', 'reselect.null.values', 'reselect.use.event.key', 'reselect.cache.enabled']);
const lists = ['reselect.columns.include.list', 'reselect.columns.exclude.list'];
const modeOption = 'reselect.error.handling.mode';

const doc = 'Options of a post processor, as post.processors.<name>.<option> or <name>.<option>.';

export const reselectKeys: readonly ConfigKey[] = [
  optional('post.processors', 'LIST', null, 'Names of post processors; the one there is fills columns from the database.'),
  {
    ...optional('post.processors.*', 'STRING', null, doc, { importance: 'LOW' }),
    pattern: /^post\.processors\.[^.]+\.(type$|reselect\.)/,
  },
  { ...optional('*.reselect.*', 'STRING', null, doc, { importance: 'LOW' }), pattern: /^(?!post\.)[^.]+\.(type$|reselect\.)/ },
  optional(
    'unavailable.values.reselect',
    'BOOLEAN',
    'false',
    'Read large values that an update did not change from the database; what is found may be newer than the record.',
    { group: 'Records' },
  ),
];

/** Null: nothing is read again. The config has been found valid. */
export function reselectSettings(config: Config): ReselectSettings | null {
  const name = config.list('post.processors')[0];
  if (name === undefined) {
    if (!config.boolean('unavailable.values.reselect')) return null;
    const all = compileNameList([], []);
    return { columns: all, unavailable: true, nulls: false, byEventKey: false, missingRow: 'keep', refusedQuery: 'fail' };
  }
  const options = optionsOf(config, name);
  const flag = (option: string, byDefault: boolean): boolean => (options.get(option) ?? String(byDefault)).toLowerCase() === 'true';
  const mode = (options.get(modeOption) ?? 'warn').toLowerCase() === 'fail' ? 'fail' : 'warn';
  const settings: ReselectSettings = {
    columns: compileNameList(...(lists.map((option) => splitPatterns(options.get(option) ?? null)) as [string[], string[]])),
    unavailable: flag('reselect.unavailable.values', true),
    nulls: flag('reselect.null.values', true),
    byEventKey: flag('reselect.use.event.key', false),
    missingRow: mode,
    refusedQuery: mode,
  };
  return settings.unavailable || settings.nulls ? settings : null;
}

export function validateReselect(config: Config): ConfigIssue[] {
  const names = config.list('post.processors');
  if (names.length > 1)
    return [issue('post.processors', 'one post processor can be named, since there is only one kind: remove the others')];
  return names.flatMap((name) => {
    const options = optionsOf(config, name);
    const key = (option: string): string => `post.processors.${name}.${option}`;
    const type = options.get('type');
    if (type === undefined) return [issue('post.processors', `"${key('type')}" is missing: set it to ${className}`)];
    if (type !== className)
      return [issue('post.processors', `the post processor ${type} is a Java class that is not known here: there is ${className}`)];
    return [...options].flatMap(([option, value]) => {
      const complaint = option === 'type' ? null : complaintAbout(option, value);
      return complaint === null ? [] : [issue('post.processors', `"${key(option)}": ${complaint}`)];
    });
  });
}

function complaintAbout(option: string, value: string): string | null {
  if (lists.includes(option)) return checkPatterns(value);
  if (booleans.has(option)) return /^(true|false)$/i.test(value) ? null : 'it must be true or false';
  if (option === modeOption) return /^(warn|fail)$/i.test(value) ? null : 'it must be warn or fail';
  // Rows are looked up many at a time, so that there is nothing to remember.
  return option.startsWith('reselect.cache.') ? null : 'there is no such option';
}

/** As in Debezium: `post.processors.<name>.<option>`, or where there is none of these `<name>.<option>`. */
function optionsOf(config: Config, name: string): ReadonlyMap<string, string> {
  const given = (prefix: string): Map<string, string> =>
    new Map(
      config
        .withPrefix(prefix)
        .entries()
        .flatMap(([key, value]) => (value === null ? [] : [[key, value.trim()] as const])),
    );
  const own = given(`post.processors.${name}.`);
  return own.size > 0 ? own : given(`${name}.`);
}

function issue(key: string, message: string): ConfigIssue {
  return { key, message: `${message.charAt(0).toUpperCase()}${message.slice(1)}.` };
}
