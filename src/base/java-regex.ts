import { ConnectError } from './errors.ts';
import { javaPattern } from './java-pattern.ts';

export interface JavaRegex {
  /** `Matcher.matches`: the whole text. */
  matches(text: string): boolean;
  /** `Matcher.find`: the first place. */
  readonly find: RegExp;
}

/** Reads what has a counterpart in JavaScript, and `(?i)` in front; anything else is refused rather than misread. */
export function javaRegex(text: string, key: string): JavaRegex {
  const written = /^\(\?([imsu]+)\)/.exec(text);
  const flags = `${written?.[1]?.replaceAll('u', '') ?? ''}u`;
  try {
    const source = javaPattern(text.slice(written?.[0].length ?? 0));
    // Not ^ and $, which with (?m) also mean the ends of a line.
    const whole = new RegExp(`(?<![^])(?:${source})(?![^])`, flags);
    return { matches: (candidate) => whole.test(candidate), find: new RegExp(source, flags) };
  } catch (error) {
    throw new ConnectError('config.invalid', `Invalid value ${text} for configuration ${key}: ${(error as Error).message}`, {
      remedy: 'Write it without possessive quantifiers and other forms that only Java has.',
      cause: error,
    });
  }
}

/** `Matcher.replaceFirst`: `$1` takes as many digits as there are groups, `${name}`, and `\` before a literal character. */
export function javaReplacement(text: string): (match: string, ...rest: unknown[]) => string {
  return (match, ...rest) => {
    const last = rest.at(-1);
    const named = typeof last === 'object' && last !== null ? (last as Record<string, string | undefined>) : {};
    const tail = typeof last === 'object' && last !== null ? 3 : 2;
    const groups = [match, ...(rest.slice(0, rest.length - tail) as (string | undefined)[])];
    return text.replace(/\\(.)|\$\{([^}]*)\}|\$(\d+)|\$/g, (token: string, literal?: string, name?: string, digits?: string) => {
      if (literal !== undefined) return literal;
      if (name !== undefined) {
        if (!(name in named)) throw invalidReplacement(text, `No group with name {${name}}`);
        return named[name] ?? '';
      }
      if (digits === undefined) throw invalidReplacement(text, `Illegal group reference "${token}"`);
      let length = 1;
      while (length < digits.length && Number(digits.slice(0, length + 1)) < groups.length) length += 1;
      const group = Number(digits.slice(0, length));
      if (group >= groups.length) throw invalidReplacement(text, `No group ${group}`);
      return (groups[group] ?? '') + digits.slice(length);
    });
  };
}

function invalidReplacement(text: string, reason: string): ConnectError {
  return new ConnectError('config.invalid', `Invalid value ${text} for configuration replacement: ${reason}`, {
    remedy: 'Correct "replacement".',
  });
}
