import type { RecordViewer } from './record-viewer.ts';
import { addressLines, drawScreen, recordLine } from './screen.ts';
import type { Addresses } from './screen.ts';
import type { SeenRecord, Statistics } from './statistics.ts';

export interface ShowOptions {
  readonly addresses: Addresses;
  readonly statistics: Statistics;
  readonly topics: readonly string[];
  readonly viewer: RecordViewer;
  /** For programs: nothing on standard output. */
  readonly silent: boolean;
}

const enterScreen = '\u001B[?1049h\u001B[?25l';
const leaveScreen = '\u001B[?1049l\u001B[?25h';

/** The records on standard output: a picture that is drawn anew on a terminal, otherwise a line each. */
export class Show {
  /** `taxi RUNNING, rides RUNNING` */
  connectors = '';
  readonly #options: ShowOptions;
  readonly #mode: 'screen' | 'lines' | 'silent';
  readonly #topicWidth: number;

  constructor(options: ShowOptions) {
    this.#options = options;
    this.#mode = options.silent ? 'silent' : process.stdout.isTTY ? 'screen' : 'lines';
    this.#topicWidth = Math.max(...options.topics.map((topic) => topic.length));
    if (this.#mode === 'screen') {
      process.stdout.write(enterScreen);
      process.once('exit', () => this.end());
    }
    if (this.#mode === 'lines') process.stdout.write(`${addressLines(options.addresses).join('\n')}\n`);
    for (const record of options.statistics.recent) this.record(record);
  }

  record(record: SeenRecord): void {
    if (this.#mode === 'lines') process.stdout.write(`${recordLine(record, this.#topicWidth)}\n`);
  }

  draw(): void {
    if (this.#mode !== 'screen' || this.#ended) return;
    const { columns, rows } = process.stdout;
    const { addresses, statistics, topics, viewer } = this.#options;
    const state = {
      addresses,
      statistics,
      topics,
      partitionsOf: (topic: string) => viewer.partitionsOf(topic),
      connectors: this.connectors,
      nowMs: performance.now(),
    };
    const lines = drawScreen(state, columns, rows, process.env['NO_COLOR'] === undefined);
    process.stdout.write(`\u001B[H${lines.map((line) => `${line}\u001B[K`).join('\r\n')}\u001B[J`);
  }

  #ended = false;

  /** Gives the terminal back and leaves a summary on it. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#mode === 'screen') process.stdout.write(leaveScreen);
    if (this.#mode === 'silent') return;
    const { statistics, topics } = this.#options;
    const counts = statistics.counts();
    process.stdout.write(`${statistics.total} records: ${topics.map((topic) => `${topic} ${counts[topic] ?? 0}`).join(', ')}\n`);
  }
}
