import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../src/embedded/cache.ts';
import type { Measurement } from '../measure/measurement.ts';
import { headline } from './headline.ts';
import type { Machine } from './machine.ts';
import { barPlot } from './bar-plot.ts';
import { markdownTable } from './result-table.ts';

export const resultsFolder = join(projectRoot, 'bench', 'results');

export interface ResultFile {
  readonly date: string;
  readonly label: string;
  /** The command's arguments. */
  readonly command: readonly string[];
  readonly machine: Machine;
  /** Settings of the servers that the bench started; null for servers that ran already. */
  readonly postgres: Readonly<Record<string, string>> | null;
  readonly measurements: readonly Measurement[];
  readonly failures: readonly string[];
}

/** Writes the result as JSON, as a Markdown table with the configurations, and as a plot; answers with the files' common name. */
export async function saveResult(result: ResultFile): Promise<string> {
  await mkdir(resultsFolder, { recursive: true });
  const name = `${result.date.slice(0, 16).replace(':', '')}-${result.label}`;
  const file = join(resultsFolder, name);
  const plot = barPlot(headline(result.measurements));
  await writeFile(`${file}.json`, `${withoutPaths(JSON.stringify(result, null, 1))}\n`);
  await writeFile(`${file}.md`, markdownResult(result, plot === null ? null : `${name}.svg`));
  if (plot !== null) await writeFile(`${file}.svg`, plot);
  return file;
}

function markdownResult(result: ResultFile, plot: string | null): string {
  const { machine, command, measurements, failures } = result;
  // The first scenario of each; the others differ in names and in what the scenario needs.
  const configs = new Map(measurements.toReversed().map(({ title, config }) => [title, config]));
  return [
    `# Bench of ${result.date.slice(0, 10)}: ${result.label}`,
    '',
    `\`npm run bench -- ${command.join(' ')}\` on ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGb} GB, ${machine.system}, Node ${machine.node}; load before: ${machine.loadBefore}.`,
    '',
    ...(plot === null ? [] : [`![Rows a second](${plot})`, '']),
    markdownTable(measurements),
    '',
    'Medians over the repeats; spread is the distance from the smallest to the largest. Every record was read, decoded and compared with the table.',
    '',
    ...(failures.length === 0 ? [] : ['## Failures', '', ...failures.map((failure) => `- ${failure}`), '']),
    '## Configurations',
    '',
    'Of the first scenario of each engine; those of all scenarios are in the JSON file beside this one.',
    '',
    ...(result.postgres === null ? [] : ['Postgres', '', '```json', JSON.stringify(result.postgres, null, 2), '```', '']),
    ...Array.from([...configs].toReversed(), ([title, config]) => [
      title,
      '',
      '```json',
      withoutPaths(JSON.stringify(config, null, 2)),
      '```',
      '',
    ]).flat(),
  ].join('\n');
}

/** Folders of the run say nothing to a reader. */
function withoutPaths(text: string): string {
  return text.replaceAll(/"\/[^"]*\/(?=[^"/]+")/g, '"…/');
}

/** The newest result that measured what the headline shows; null when there is none. */
export function newestResult(): { readonly name: string; readonly result: ResultFile } | null {
  const names = readdirSync(resultsFolder).filter((name) => /^\d{4}-.*\.json$/.test(name));
  for (const name of names.toSorted().toReversed()) {
    // One whose plot is not kept is no headline.
    if (!existsSync(join(resultsFolder, name.replace(/\.json$/, '.svg')))) continue;
    const result = JSON.parse(readFileSync(join(resultsFolder, name), 'utf8')) as ResultFile;
    if (headline(result.measurements).length > 0) return { name: name.replace(/\.json$/, ''), result };
  }
  return null;
}
