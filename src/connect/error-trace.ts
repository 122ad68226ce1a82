import { ConnectError } from '../base/errors.ts';

/**
 * A failure as Java prints one, because the tools that show `trace` cut it up by that form: first line `Class: message`,
 * frames behind a tab, `Caused by:` for each cause.
 */
export function errorTrace(error: unknown): string {
  const lines: string[] = [];
  for (let at: unknown = error, depth = 0; at !== undefined && at !== null && depth < 16; depth += 1) {
    lines.push((depth === 0 ? '' : 'Caused by: ') + headline(at));
    if (!(at instanceof Error)) break;
    lines.push(...frames(at));
    at = at.cause;
  }
  return lines.join('\n');
}

function headline(error: unknown): string {
  if (error instanceof ConnectError) {
    const remedy = error.remedy === null ? '' : ` Remedy: ${error.remedy}`;
    return `millrace.ConnectError(${error.code}): ${oneLine(error.message)}${remedy}`;
  }
  if (error instanceof Error) return `${error.name}: ${oneLine(error.message)}`;
  return `Error: ${typeof error === 'string' ? oneLine(error) : 'unknown'}`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ');
}

/** Frames of this program and its packages, without where on the machine it is installed. */
function frames(error: Error): string[] {
  const stack = error.stack ?? '';
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 12)
    .map(
      (line) =>
        `\t${line
          .trim()
          .replace(/file:\/\//, '')
          .replace(/(\(|at )\/\S*?\/((?:src|test|node_modules)\/)/, '$1$2')}`,
    )
    .map((line) => (line.endsWith(')') ? line : line.replace(/^\tat (.*)$/, '\tat ($1)')));
}
