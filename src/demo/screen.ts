import type { Statistics } from './statistics.ts';
import type { SeenRecord } from './statistics.ts';

export interface Addresses {
  readonly kafka: string;
  readonly registry: string;
  readonly postgres: string;
  readonly rest: string;
}

export interface ScreenState {
  readonly addresses: Addresses;
  readonly statistics: Statistics;
  readonly topics: readonly string[];
  readonly partitionsOf: (topic: string) => number | null;
  /** `taxi RUNNING, rides RUNNING` */
  readonly connectors: string;
  readonly nowMs: number;
}

const colours: Readonly<Record<SeenRecord['operation'], number>> = {
  insert: 32,
  update: 33,
  delete: 31,
  snapshot: 36,
  row: 35,
  tombstone: 90,
};

/** One picture of the demo as lines, none longer than `columns`, at most `rows` of them. */
export function drawScreen(state: ScreenState, columns: number, rows: number, colour: boolean): string[] {
  const { statistics, addresses, nowMs } = state;
  const paint = (code: number, text: string): string => (colour ? `\u001B[${code}m${text}\u001B[0m` : text);
  const width = Math.max(...state.topics.map((topic) => topic.length), 5);
  const head = `Millrace  ${clock(nowMs)}   ${statistics.total} records   ${statistics.currentRate(nowMs).toFixed(0)} rows/s   ${state.connectors}`;
  const lines = [
    paint(1, cut(head, columns)),
    '',
    ...addressLines(addresses).map((line) => cut(line, columns)),
    '',
    paint(90, cut(`${'TOPIC'.padEnd(width)}  PARTITIONS  ${'RECORDS'.padStart(9)}  ${'ROWS/S'.padStart(7)}`, columns)),
  ];
  const counts = statistics.counts();
  for (const topic of state.topics) {
    const numbers = [
      String(state.partitionsOf(topic) ?? '-').padStart(10),
      String(counts[topic] ?? 0).padStart(9),
      statistics.currentRate(nowMs, topic).toFixed(1).padStart(7),
    ];
    lines.push(cut(`${topic.padEnd(width)}  ${numbers.join('  ')}`, columns));
  }
  lines.push('');
  const room = Math.max(0, rows - lines.length - 2);
  for (const record of statistics.recent.slice(-room || statistics.recent.length)) {
    const operation = record.operation.padEnd(9);
    const plain = cut(recordLine(record, width), columns);
    lines.push(plain.replace(operation, paint(colours[record.operation], operation)));
  }
  while (lines.length < rows - 1) lines.push('');
  lines.push(paint(90, cut('Ctrl-C ends everything; the next start goes on from here, --fresh starts anew.', columns)));
  return lines.slice(0, rows);
}

export function addressLines(addresses: Addresses): string[] {
  return [
    `Kafka      ${addresses.kafka}`,
    `Registry   ${addresses.registry}`,
    `Postgres   ${addresses.postgres}`,
    `REST       ${addresses.rest}/connectors`,
  ];
}

export function recordLine(record: SeenRecord, topicWidth: number): string {
  return `${clock(record.atMs)}  ${record.topic.padEnd(topicWidth)}  ${record.operation.padEnd(9)}  ${record.key}  ${record.values}`.trimEnd();
}

/** `00:07.3`, minutes and seconds since the start. */
function clock(atMs: number): string {
  const seconds = atMs / 1000;
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${(seconds % 60).toFixed(1).padStart(4, '0')}`;
}

function cut(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;
}
