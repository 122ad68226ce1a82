import type { ShownValue } from './record-summary.ts';
import type { SeenRecord, Statistics } from './statistics.ts';

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
  /** Since the demo's start. */
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
const grey = 90;
const valueMax = 36;
const keyMax = 20;
/** Narrower than this, the list of records names a topic by its last part alone. */
const fullNamesFrom = 96;

/** One picture of the demo as lines, none longer than `columns`, at most `rows` of them. */
export function drawScreen(state: ScreenState, columns: number, rows: number, colour: boolean): string[] {
  const { statistics, addresses, nowMs } = state;
  const line = (): Line => new Line(columns, colour);
  const lines = [
    line()
      .add('Millrace demo', 1)
      .add(`   ${clock(nowMs)}   `)
      .add(`${statistics.total} records`, 1)
      .add(`   ${rate(statistics, nowMs)}`),
    line(),
    ...addressLines(addresses).map((text) => line().add(text.slice(0, 12), grey).add(text.slice(12))),
    line()
      .add('Connectors  ', grey)
      .add(state.connectors === '' ? 'starting' : state.connectors),
    line(),
    ...topicTable(state).map((text, at) => line().add(text, at === 0 ? grey : 0)),
    line(),
  ];
  lines.push(...recordList(state, columns, rows - lines.length - 2, line));
  while (lines.length < rows - 1) lines.push(line());
  lines.push(line().add('Ctrl-C ends everything; the next start goes on from here, --fresh starts anew.', grey));
  return lines.slice(0, rows).map(String);
}

export function addressLines(addresses: Addresses): string[] {
  return [
    `Kafka       ${addresses.kafka}`,
    `Registry    ${addresses.registry}`,
    `Postgres    ${addresses.postgres}`,
    `REST        ${addresses.rest}/connectors`,
  ];
}

/** A record as one whole line, for a log. */
export function recordLine(record: SeenRecord, topicWidth: number): string {
  const values = valuesOf(record).map(({ name, text }) => (name === '' ? text : `${name}=${text}`));
  return [clock(record.atMs), record.topic.padEnd(topicWidth), record.operation.padEnd(9), record.key, values.join(' ')]
    .join('  ')
    .trimEnd();
}

/** What is left on the terminal at the end. */
export function summaryLines({ statistics, topics, partitionsOf }: Pick<ScreenState, 'statistics' | 'topics' | 'partitionsOf'>): string[] {
  const counts = statistics.counts();
  const width = Math.max(...topics.map((topic) => topic.length));
  const digits = String(statistics.total).length;
  const { firstAtMs } = statistics;
  if (firstAtMs === null) return ['No record arrived in this time.'];
  const first = `the first one after ${(firstAtMs / 1000).toFixed(1)} s`;
  return [
    `${statistics.total} records arrived, ${first}, ${statistics.averageRate().toFixed(0)} rows/s since then:`,
    ...topics.map((topic) => {
      const partitions = partitionsOf(topic);
      const text = `  ${topic.padEnd(width)}  ${String(counts[topic] ?? 0).padStart(digits)}`;
      return partitions === null ? text : `${text}  on ${partitions} ${partitions === 1 ? 'partition' : 'partitions'}`;
    }),
  ];
}

function topicTable({ topics, statistics, partitionsOf, nowMs }: ScreenState): string[] {
  const width = Math.max(...topics.map((topic) => topic.length), 5);
  const counts = statistics.counts();
  return [
    `${'TOPIC'.padEnd(width)}  PARTITIONS    RECORDS   ROWS/S`,
    ...topics.map((topic) =>
      [
        topic.padEnd(width),
        String(partitionsOf(topic) ?? '-').padStart(10),
        String(counts[topic] ?? 0).padStart(9),
        statistics.currentRate(nowMs, topic).toFixed(1).padStart(7),
      ].join('  '),
    ),
  ];
}

function recordList({ statistics, topics }: ScreenState, columns: number, room: number, line: () => Line): Line[] {
  if (room <= 1) return [];
  const records = statistics.latest(room - 1);
  if (records.length === 0) return [line().add('Waiting for the first record ...', grey)];
  const names = columns < fullNamesFrom ? shortNames(topics) : new Map<string, string>();
  const nameOf = (topic: string): string => names.get(topic) ?? topic;
  const topicWidth = Math.max(5, ...topics.map((topic) => nameOf(topic).length));
  const keyWidth = Math.max(3, ...records.map((record) => cut(record.key, keyMax).length));
  return [
    line().add(`${'TIME'.padEnd(7)}  ${'TOPIC'.padEnd(topicWidth)}  OPERATION  ${'KEY'.padEnd(keyWidth)}  VALUES`, grey),
    ...records.map((record) =>
      line()
        .add(`${clock(record.atMs)}  ${nameOf(record.topic).padEnd(topicWidth)}  `)
        .add(record.operation.padEnd(9), colours[record.operation])
        .add(`  ${cut(record.key, keyMax).padEnd(keyWidth)}  `)
        .addValues(valuesOf(record)),
    ),
  ];
}

/** `taxi.public.trips` → `trips`, for those that stay apart from all others. */
function shortNames(topics: readonly string[]): Map<string, string> {
  const all = topics.map(lastPart);
  return new Map(topics.filter((_, at) => all.filter((name) => name === all[at]).length === 1).map((topic) => [topic, lastPart(topic)]));
}

function lastPart(topic: string): string {
  return topic.slice(topic.lastIndexOf('.') + 1);
}

/** A tombstone has no value; its place says what it is for. */
function valuesOf(record: SeenRecord): readonly ShownValue[] {
  return record.operation === 'tombstone' ? [{ name: '', text: '(no value: marks the key as gone)' }] : record.values;
}

function rate(statistics: Statistics, nowMs: number): string {
  return `${statistics.currentRate(nowMs).toFixed(0)} rows/s`;
}

/** `00:07.3`, minutes and seconds since the start. */
function clock(atMs: number): string {
  const tenths = Math.floor(atMs / 100);
  return `${String(Math.floor(tenths / 600)).padStart(2, '0')}:${((tenths % 600) / 10).toFixed(1).padStart(4, '0')}`;
}

function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  return length <= 0 ? '' : `${text.slice(0, length - 1)}…`;
}

/** Text in colours that ends where the terminal does: colours take no room. */
class Line {
  readonly #columns: number;
  readonly #colour: boolean;
  #used = 0;
  #text = '';

  constructor(columns: number, colour: boolean) {
    this.#columns = columns;
    this.#colour = colour;
  }

  /** What does not fit is cut off. */
  add(text: string, code = 0): this {
    const shown = cut(text, this.#columns - this.#used);
    this.#used += shown.length;
    this.#text += code === 0 || !this.#colour || shown === '' ? shown : `\u001B[${code}m${shown}\u001B[0m`;
    return this;
  }

  /** As many as fit, in their order, without those too long for the place; then how many more there are: `fare=12.50 tip=2.00 +7`. */
  addValues(values: readonly ShownValue[]): this {
    let hidden = values.length;
    for (const [at, value] of values.entries()) {
      const name = `${at === 0 ? '' : ' '}${value.name === '' ? '' : `${value.name}=`}`;
      const text = cut(value.text, valueMax);
      const more = hidden === 1 ? 0 : ` +${values.length}`.length;
      if (at > 0 && name.length + text.length + more > this.#columns - this.#used) continue;
      hidden -= 1;
      this.add(name, grey).add(cut(text, this.#columns - this.#used - more));
    }
    return hidden === 0 ? this : this.add(` +${hidden}`, grey);
  }

  toString(): string {
    return this.#text;
  }
}
