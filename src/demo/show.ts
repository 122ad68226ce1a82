import type { RecordViewer } from './record-viewer.ts';
import { addressLines, drawScreen, recordLine, summaryLines } from './screen.ts';
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
/** The terminal shows the picture in one go, where it knows how; others ignore this. */
const beginPicture = '\u001B[?2026h';
const endPicture = '\u001B[?2026l';
/** Long enough to read a line or two. */
const drawEveryMs = 1000;

/** The records on standard output: a picture that is drawn anew on a terminal, otherwise a line each. */
export class Show {
  /** `taxi RUNNING, rides RUNNING` */
  connectors = '';
  readonly #options: ShowOptions;
  readonly #mode: 'screen' | 'lines' | 'silent';
  readonly #topicWidth: number;
  #ended = false;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #drawnTotal = -1;

  constructor(options: ShowOptions) {
    this.#options = options;
    this.#mode = options.silent ? 'silent' : process.stdout.isTTY ? 'screen' : 'lines';
    this.#topicWidth = Math.max(...options.topics.map((topic) => topic.length));
    if (this.#mode === 'screen') {
      process.stdout.write(enterScreen);
      process.stdout.on('resize', this.#redraw);
      process.once('exit', () => this.#giveTerminalBack());
    }
    if (this.#mode === 'lines') process.stdout.write(`${addressLines(options.addresses).join('\n')}\n`);
  }

  record(record: SeenRecord): void {
    if (this.#mode === 'lines') process.stdout.write(`${recordLine(record, this.#topicWidth)}\n`);
  }

  /** May be called often: a picture stays for a second, only the first records are shown at once. */
  draw(): void {
    if (this.#mode !== 'screen' || this.#ended) return;
    const { total } = this.#options.statistics;
    const isFirst = total > 0 && this.#drawnTotal <= 0;
    if (performance.now() - this.#drawnAt < drawEveryMs && !isFirst) return;
    this.#drawnTotal = total;
    this.#drawnAt = performance.now();
    this.#redraw();
  }

  readonly #redraw = (): void => {
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
    process.stdout.write(`${beginPicture}\u001B[H${lines.map((line) => `${line}\u001B[K`).join('\r\n')}\u001B[J${endPicture}`);
  };

  /** Gives the terminal back and leaves a summary on it. */
  end(): void {
    if (this.#ended) return;
    this.#giveTerminalBack();
    if (this.#mode === 'silent') return;
    const { statistics, topics, viewer } = this.#options;
    const lines = summaryLines({ statistics, topics, partitionsOf: (topic) => viewer.partitionsOf(topic) });
    process.stdout.write(`${lines.join('\n')}\n`);
  }

  #giveTerminalBack(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#mode !== 'screen') return;
    process.stdout.off('resize', this.#redraw);
    process.stdout.write(leaveScreen);
  }
}
