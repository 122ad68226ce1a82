import type { Measurement, RunResult } from '../measure/measurement.ts';
import { median, spread } from '../measure/statistics.ts';

/** The columns of the table, as text; empty where a scenario does not measure that. */
export const tableHeads = [
  'scenario',
  'engine',
  'rows/s',
  'spread',
  'MB/s',
  'CPU-s per M rows',
  'walsender',
  'broker',
  'peak RSS MB',
  'seconds',
  'p50 ms',
  'p90 ms',
  'p99 ms',
  'x peer',
  'of limit',
] as const;

/** Debezium with Avro, tuned: what ratios are taken against. */
export const peerName = 'debezium-avro-tuned';

/** One line for each engine in each scenario, medians over the repeats. */
export function tableRows(measurements: readonly Measurement[]): string[][] {
  return measurements.map((measurement) => {
    const { scenario, engine, title, runs, failure, peakRssBytes } = measurement;
    if (failure !== null) return [scenario, title, `FAILED: ${failure.split('\n')[0] ?? ''}`];
    const own = (value: (run: RunResult) => number | undefined): number => medianOf(runs, value);
    const rates = runs.flatMap((run) => run.rowsPerSecond ?? run.latencyMs?.p50 ?? run.seconds);
    const siblings = measurements.filter((each) => each.scenario === scenario && each.failure === null);
    return [
      scenario,
      title,
      rounded(own((run) => run.rowsPerSecond)),
      runs.length < 2 ? '' : `${(spread(rates) * 100).toFixed(0)} %`,
      fixed(
        own((run) => run.megabytesPerSecond),
        1,
      ),
      fixed(
        own((run) => run.cpuPerMillion?.['engine']),
        1,
      ),
      fixed(
        own((run) => run.cpuPerMillion?.['walsender']),
        1,
      ),
      fixed(
        own((run) => run.cpuPerMillion?.['broker']),
        1,
      ),
      peakRssBytes === null ? '' : fixed(peakRssBytes / 1e6, 0),
      fixed(
        own((run) => (run.latencyMs === undefined ? run.seconds : undefined)),
        2,
      ),
      fixed(
        own((run) => run.latencyMs?.p50),
        1,
      ),
      fixed(
        own((run) => run.latencyMs?.p90),
        1,
      ),
      fixed(
        own((run) => run.latencyMs?.p99),
        1,
      ),
      engine === peerName
        ? '1'
        : fixed(
            ratio(
              measurement,
              siblings.find((each) => each.engine === peerName),
            ),
            1,
          ),
      percent(
        ratio(
          measurement,
          siblings.find((each) => each.role === 'limit'),
        ),
      ),
    ];
  });
}

/** How many times better: more rows a second, or less time where there is no rate. NaN without the other. */
export function ratio(measurement: Measurement, other: Measurement | undefined): number {
  if (other === undefined || measurement.engine === other.engine) return Number.NaN;
  if (!Number.isNaN(rateOf(measurement))) return rateOf(measurement) / rateOf(other);
  return timeOf(other) / timeOf(measurement);
}

export function resultTable(measurements: readonly Measurement[]): string {
  const rows = [[...tableHeads], ...tableRows(measurements)];
  const widths = tableHeads.map((_head, column) =>
    Math.max(...rows.filter((row) => row.length > 3).map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '),
    )
    .join('\n');
}

export function markdownTable(measurements: readonly Measurement[]): string {
  const rows = tableRows(measurements).map((row) => markdownLine([...row, ...Array<string>(tableHeads.length - row.length).fill('')]));
  return [markdownLine(tableHeads), markdownLine(tableHeads.map((_head, column) => (column < 2 ? '---' : '---:'))), ...rows].join('\n');
}

function medianOf(runs: readonly RunResult[], value: (run: RunResult) => number | undefined): number {
  return median(runs.map(value).filter((each) => each !== undefined));
}

function rounded(value: number): string {
  return Number.isNaN(value) ? '' : Math.round(value).toLocaleString('en');
}

function fixed(value: number, digits: number): string {
  return Number.isNaN(value) ? '' : value.toFixed(digits);
}

function percent(value: number): string {
  return Number.isNaN(value) ? '' : `${(value * 100).toFixed(0)} %`;
}

function rateOf(measurement: Measurement): number {
  return medianOf(measurement.runs, (run) => run.rowsPerSecond);
}

function timeOf(measurement: Measurement): number {
  return medianOf(measurement.runs, (run) => run.latencyMs?.p50 ?? run.seconds);
}

function markdownLine(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
}
