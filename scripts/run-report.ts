import { existsSync, readFileSync } from 'node:fs';

/** What Node's test runner counted. */
export interface TestCounts {
  readonly tests: number;
  readonly suites: number;
  readonly passed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly skipped: number;
  readonly todo: number;
}

export interface RunReport {
  readonly counts: TestCounts;
  /** `name: reason` of each skipped test. */
  readonly skipped: readonly string[];
  /** Names of the tests that failed, the innermost ones. */
  readonly failed: readonly string[];
  /** `suite > test (file)` of what had begun and not ended: where the run was called off. */
  readonly underWay: readonly string[];
}

interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly file?: string;
    readonly name: string;
    readonly nesting: number;
    readonly skip?: string | boolean;
    readonly details?: { readonly error?: { readonly failureType?: string } };
    readonly counts?: TestCounts;
  };
}

/** One line of the report. */
interface Line {
  readonly type: string;
  readonly file: string;
  readonly name: string;
  readonly nesting: number;
  readonly reason: string;
  readonly counts?: TestCounts | undefined;
}

/**
 * A reporter for Node's test runner, for `readReport`: a line at once when something begins and when it ends, also of files that
 * run beside others, which the usual reporters show only when it is their turn.
 */
export default async function* runReport(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    const { file, name, nesting, skip, details, counts } = data;
    const wanted =
      type === 'test:dequeue' ||
      type === 'test:complete' ||
      (type === 'test:pass' && skip !== undefined) ||
      (type === 'test:fail' && details?.error?.failureType !== 'subtestsFailed') ||
      // Of the whole run, not of one file.
      (type === 'test:summary' && file === undefined);
    const reason = typeof skip === 'string' && skip !== '' ? skip : 'no reason given';
    if (wanted) yield `${JSON.stringify({ type, file: file ?? '', name, nesting, reason, counts } satisfies Line)}\n`;
  }
}

const nothing: TestCounts = { tests: 0, suites: 0, passed: 0, failed: 0, cancelled: 0, skipped: 0, todo: 0 };

/** A runner that was killed before it began has written nothing: its exit code tells. */
export function readReport(path: string): RunReport {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  // The last line of a runner that was killed may lack its end.
  const lines = text.split('\n').flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as Line] : []));
  const named = (type: string): Line[] => lines.filter((line) => line.type === type);
  return {
    counts: named('test:summary').at(-1)?.counts ?? nothing,
    skipped: named('test:pass').map(({ name, reason }) => `${name}: ${reason}`),
    failed: named('test:fail').map(({ name }) => name),
    underWay: stillOpen(lines),
  };
}

function stillOpen(lines: readonly Line[]): string[] {
  const open = new Map<string, Line[]>();
  for (const line of lines) {
    if (line.type !== 'test:dequeue' && line.type !== 'test:complete') continue;
    const known = open.get(line.file) ?? [];
    const others = known.filter(({ name, nesting }) => name !== line.name || nesting !== line.nesting);
    open.set(line.file, line.type === 'test:dequeue' ? [...known, line] : others);
  }
  return [...open].flatMap(([file, begun]) => {
    // A file is an entry itself, by its path.
    const names = begun.map(({ name }) => name).filter((name) => !file.endsWith(name));
    return begun.length === 0 ? [] : [`${names.join(' > ') || 'none of its tests'} (${file})`];
  });
}
