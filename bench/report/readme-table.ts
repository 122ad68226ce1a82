import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../src/embedded/cache.ts';
import { SetUpError } from '../../src/embedded/set-up-error.ts';
import { headline, headlineTable } from './headline.ts';
import { newestResult, resultsFolder } from './result-file.ts';

const begin = '<!-- bench: begin -->';
const end = '<!-- bench: end -->';

/** Puts table and plot of the newest result between the two marks in README.md; answers with a sentence about what it did. */
export function updateReadme(): string {
  const newest = newestResult();
  if (newest === null) throw new SetUpError('There is no result of the streaming scenario in bench/results: run `npm run bench` first.');
  const { name, result } = newest;
  const { machine } = result;
  const text = [
    begin,
    '![Rows a second: Millrace beside Debezium and its limits](docs/images/speed.svg)',
    '',
    headlineTable(headline(result.measurements)),
    '',
    `Streaming catch-up of taxi trips (15 columns, 1,000 rows a transaction) on ${machine.cores} cores of ${machine.cpu}, ${result.date.slice(0, 10)}; all scenarios and the exact configurations: [${name}](bench/results/${name}.md).`,
    end,
  ].join('\n');
  const file = join(projectRoot, 'README.md');
  writeFileSync(file, between(readFileSync(file, 'utf8'), text));
  copyFileSync(join(resultsFolder, `${name}.svg`), join(projectRoot, 'docs', 'images', 'speed.svg'));
  return `README.md shows ${name} now.`;
}

/** `text` with what stands between the marks replaced, the marks included. */
export function between(text: string, replacement: string): string {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`README.md has no ${begin} followed by ${end}`);
  return text.slice(0, from) + replacement + text.slice(to + end.length);
}
