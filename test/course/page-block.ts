/** One command block of a page and the output that the page shows below it. */
export interface PageBlock {
  readonly kind: 'command' | 'demo' | 'other terminal' | 'interrupt';
  /** The line of the page at which it begins, from 1. */
  readonly line: number;
  readonly command: string;
  /** The page says that the command ends with an error. */
  readonly fails: boolean;
  /** Null: the page shows none. */
  readonly output: string | null;
  readonly anyOrder: boolean;
}

const kinds = ['demo', 'other terminal', 'fails', ''] as const;

/** The blocks of a page in order. Throws on a block that it does not know, so that none is left out unseen. */
export function pageBlocks(page: string): PageBlock[] {
  const blocks: PageBlock[] = [];
  const lines = page.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (line === '<!-- Ctrl-C -->') blocks.push({ ...plain, kind: 'interrupt', line: at + 1 });
    const opened = /^```(\w*) ?(.*)$/.exec(line);
    if (opened === null) continue;
    const [, language = '', info = ''] = opened;
    const end = lines.indexOf('```', at + 1);
    const text = lines.slice(at + 1, end).join('\n');
    if (language === 'sh' && (kinds as readonly string[]).includes(info)) {
      const kind = info === 'demo' || info === 'other terminal' ? info : 'command';
      blocks.push({ ...plain, kind, line: at + 1, command: text, fails: info === 'fails' });
    } else if (language === 'output' && ['', 'in any order'].includes(info) && blocks.at(-1)?.output === null) {
      blocks.push({ ...(blocks.pop() as PageBlock), output: text, anyOrder: info !== '' });
    } else {
      throw new Error(`line ${at + 1} of the page: \`\`\`${language} ${info} has no meaning here`);
    }
    at = end;
  }
  return blocks;
}

const plain: Omit<PageBlock, 'kind' | 'line'> = { command: '', fails: false, output: null, anyOrder: false };

/**
 * Whether a command printed what the page shows. `…` in a line stands for any text in that line, a line of it alone for any
 * lines, also none; blanks count as one.
 */
export function fitsOutput(shown: string, printed: string, anyOrder = false): boolean {
  const expected = outputLines(shown);
  const actual = outputLines(printed);
  if (!anyOrder) return fits(expected, actual);
  return expected.length === actual.length && fits(expected.toSorted(), actual.toSorted());
}

function outputLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim().replaceAll(/\s+/g, ' '))
    .filter((line) => line !== '');
}

function fits(expected: readonly string[], actual: readonly string[]): boolean {
  const [line, ...rest] = expected;
  if (line === undefined) return actual.length === 0;
  if (line === '…') return actual.some((_line, at) => fits(rest, actual.slice(at))) || fits(rest, []);
  const [first, ...others] = actual;
  return first !== undefined && fitsLine(line, first) && fits(rest, others);
}

function fitsLine(expected: string, actual: string): boolean {
  const pattern = expected.split('…').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`));
  return new RegExp(`^${pattern.join('.*')}$`).test(actual);
}
