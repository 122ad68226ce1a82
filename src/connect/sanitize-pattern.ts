import { hasReference, hidden, type ConfigInfo, type RawConfig } from './config-spec.ts';

/** A regular expression; values of the keys in which it is found are secrets, besides those that are by themselves. */
export const sanitizeKey = 'custom.sanitize.pattern';

/** By these a connector is known everywhere; they are no secrets whatever the pattern says. */
const open = new Set(['name', 'connector.class', sanitizeKey]);

/** The keys that the config itself says to be secret. None where the pattern is wrong: such a config is refused. */
export function sanitizedKeys(config: RawConfig): (name: string) => boolean {
  const text = config[sanitizeKey]?.trim() ?? '';
  if (text === '' || checkSanitizePattern(text) !== null) return () => false;
  const pattern = compile(text);
  return (name) => !open.has(name) && pattern.test(name);
}

/** The complaint about a pattern, or null. */
export function checkSanitizePattern(text: string): string | null {
  try {
    compile(text);
    return null;
  } catch (error) {
    return `Invalid value ${text} for configuration ${sanitizeKey}: it is not a regular expression: ${(error as Error).message}`;
  }
}

/** Letter case does not count, which in Java is often written down. */
function compile(text: string): RegExp {
  return new RegExp(text.replace(/^\(\?i\)/, ''), 'iu');
}

/** The answer about one key, without its value. */
export function withoutValue(info: ConfigInfo, raw: RawConfig, resolved: RawConfig): ConfigInfo {
  const given = raw[info.value.name] ?? null;
  if (given === null || given === '') return info;
  const value = (resolved[info.value.name] ?? given).trim();
  const errors = info.value.errors.map((error) => (value === '' ? error : error.replaceAll(value, hidden)));
  return { ...info, value: { ...info.value, value: hasReference(given) ? given : hidden, errors } };
}
