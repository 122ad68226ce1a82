import type { Measurement, Role } from '../measure/measurement.ts';
import { median } from '../measure/statistics.ts';

export interface HeadlineBar {
  readonly title: string;
  readonly role: Role;
  readonly rowsPerSecond: number;
  readonly cpuPerMillion: number | null;
  readonly peakRssBytes: number | null;
}

/** What the README shows: the streaming scenario, quickest first, without the second run of the same engine. */
export function headline(measurements: readonly Measurement[]): HeadlineBar[] {
  return measurements
    .filter(
      ({ scenario, failure, engine, runs }) =>
        scenario === 'streaming' && failure === null && engine !== 'millrace-again' && runs.length > 0,
    )
    .map(({ title, role, runs, peakRssBytes }) => {
      const cpu = median(runs.flatMap((run) => run.cpuPerMillion?.['engine'] ?? []));
      return {
        title,
        role,
        rowsPerSecond: median(runs.flatMap((run) => run.rowsPerSecond ?? [])),
        cpuPerMillion: Number.isNaN(cpu) ? null : cpu,
        peakRssBytes,
      };
    })
    .toSorted((left, right) => right.rowsPerSecond - left.rowsPerSecond);
}

export function headlineTable(bars: readonly HeadlineBar[]): string {
  const rows = bars.map(
    ({ title, rowsPerSecond, cpuPerMillion, peakRssBytes }) =>
      `| ${title} | ${Math.round(rowsPerSecond).toLocaleString('en')} | ${cpuPerMillion?.toFixed(1) ?? ''} | ${peakRssBytes === null ? '' : (peakRssBytes / 1e6).toFixed(0)} |`,
  );
  return ['| | rows/s | CPU-seconds per million rows | peak RSS, MB |', '|---|---:|---:|---:|', ...rows].join('\n');
}
