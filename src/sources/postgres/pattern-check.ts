import { anchored } from './name-list.ts';
import { splitPatterns } from './settings-syntax.ts';

/** Checks of single values, for `ConfigKey.check`: the complaint, or null. */
export function checkPatterns(value: string): string | null {
  for (const pattern of splitPatterns(value)) {
    const complaint = checkPattern(pattern);
    if (complaint !== null) return complaint;
  }
  return null;
}

export function checkPattern(pattern: string): string | null {
  try {
    anchored(pattern);
    return null;
  } catch (error) {
    return `"${pattern}" is not a regular expression: ${(error as Error).message}`;
  }
}
