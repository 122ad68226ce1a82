import { javaPattern } from '../../base/java-pattern.ts';

/** A pair of include and exclude lists of anchored, case-insensitive regular expressions, of which at most one is set. */
export interface NameList {
  readonly includes: readonly RegExp[];
  readonly excludes: readonly RegExp[];
}

export function compileNameList(includes: readonly string[], excludes: readonly string[]): NameList {
  return { includes: includes.map(anchored), excludes: excludes.map(anchored) };
}

/** An item of a regex list matches the whole name, whatever its letter case (`(?i)` says nothing new). Throws SyntaxError. */
export function anchored(pattern: string): RegExp {
  return new RegExp(`^(?:${javaPattern(pattern.trim().replace(/^\(\?[iu]+\)/, ''))})$`, 'iu');
}

export function accepts(list: NameList, name: string): boolean {
  if (list.includes.length > 0) return list.includes.some((pattern) => pattern.test(name));
  return !list.excludes.some((pattern) => pattern.test(name));
}
