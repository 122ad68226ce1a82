import { assert } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { ConnectError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { SourceContext } from '../../connect/plugin.ts';
import type { ChangeOutlet, Source } from '../../connect/source.ts';
import { Change } from '../../record/change.ts';
import type { SourceOffset } from '../../record/offset.ts';
import type { Shape } from '../../record/shape.ts';
import { formatColumns, type CsvColumn } from './csv-columns.ts';
import { faultError } from './csv-fault.ts';
import { CsvFile, type CsvFileState } from './csv-file.ts';
import { isMissing, listInput, type CsvInputFile } from './csv-input.ts';
import { knownColumns, readLayout } from './csv-layout.ts';
import { CsvMetrics } from './csv-metrics.ts';
import { csvOffset, parseCsvOffsets, type CsvProgress } from './csv-offset.ts';
import { csvOptions, type CsvOptions } from './csv-options.ts';
import { CsvReader, CsvStep } from './csv-reader.ts';
import { csvShape } from './csv-shape.ts';
import { TokenBucket } from './token-bucket.ts';

/** Read at once; between two reads other tasks have their turn. */
const chunkBytes = 256 * 1024;

/** The file being read. `position` and `line` are those of the last row given out, not of the last one parsed. */
interface OpenFile {
  readonly name: string;
  readonly path: string;
  readonly file: CsvFile;
  readonly inode: number;
  readonly reader: CsvReader;
  readonly pass: number;
  position: number;
  line: number;
  /** Whether the position moved since it was last told. */
  moved: boolean;
  /** Of the bytes before `hashedAt`, taken right after they were read. */
  hash: string;
  hashedAt: number;
  /** As it was when its end was last reached; null before. */
  seen: CsvFileState | null;
}

/**
 * Rows of CSV files as flat records of `Op.READ`, every row a boundary.
 *
 * Files are read one after the other in the order of their names. A file that has been read is remembered by its offset
 * alone: nothing is moved or deleted. When there is nothing more to read `run` stays pending until it is aborted, so the
 * connector is RUNNING and idle; with `follow` it looks for more every `poll.interval.ms`.
 */
export class CsvSource implements Source {
  readonly #options: CsvOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #metrics: CsvMetrics;
  readonly #change: Change;
  /** By file name, as far as it is read or was when the run began. */
  #progress = new Map<string, CsvProgress>();
  /** Files as they were when their end was reached: while they look the same there is no need to open them. */
  readonly #finished = new Map<string, CsvFileState>();
  /** Positions of files left since `position` was last called. */
  readonly #left = new Map<string, SourceOffset>();
  #columns: readonly CsvColumn[] | null = null;
  #shape: Shape | null = null;
  #declared = false;
  #bucket: TokenBucket | null = null;
  #open: OpenFile | null = null;
  #stopping = false;

  constructor(context: SourceContext) {
    this.#options = csvOptions(context.config);
    this.#clock = context.clock;
    this.#log = context.log;
    this.#metrics = new CsvMetrics(context.metrics, context.connector);
    this.#change = new Change({ id: -1, name: '', columns: [], key: new Uint16Array(0) }, 0, () => {
      return this.#open === null ? 'no file' : `file ${this.#open.name} line ${this.#open.reader.rowLine}`;
    });
  }

  async run(resumeFrom: readonly SourceOffset[], out: ChangeOutlet, signal: AbortSignal): Promise<void> {
    assert(this.#open === null, 'a CSV source runs once at a time');
    this.#progress = parseCsvOffsets(resumeFrom);
    this.#finished.clear();
    this.#left.clear();
    this.#declared = false;
    this.#settle(knownColumns(this.#options, [...this.#progress.values()].find((file) => file.columns !== null)?.columns ?? null));
    const { rowsPerSecond } = this.#options;
    this.#bucket = rowsPerSecond > 0 ? new TokenBucket(rowsPerSecond, this.#clock.monotonic()) : null;
    this.#stopping = signal.aborted;
    const stop = (): void => {
      this.#stopping = true;
    };
    signal.addEventListener('abort', stop, { once: true });
    try {
      await this.#readAll(out, signal);
    } catch (error) {
      // Waits are cut short by rejecting; when the run is to end anyway, that is no failure.
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', stop);
      await this.#leave();
    }
  }

  position(): readonly SourceOffset[] {
    if (this.#open?.moved === true) {
      this.#open.moved = false;
      this.#left.set(this.#open.name, csvOffset(this.#open.name, this.#progressOf(this.#open)));
    }
    const offsets = [...this.#left.values()];
    this.#left.clear();
    return offsets;
  }

  /** Files stay where they are, so there is nothing to let go of. */
  confirm(): void {}

  async close(): Promise<void> {
    await this.#leave();
  }

  async #readAll(out: ChangeOutlet, signal: AbortSignal): Promise<void> {
    const { follow, repeat, pollMs, input } = this.#options;
    let pass = Math.max(1, ...[...this.#progress.values()].map((file) => file.pass));
    let told = false;
    while (!this.#stopping) {
      const before = this.#metrics.rows;
      const files = await listInput(input, follow && (told || this.#progress.size > 0));
      // The file is away, but what is held open of it can still grow.
      if (files.length === 0 && this.#open !== null) await this.#drain(this.#open, false, out, signal);
      for (const file of files) {
        await this.#readFile(file, files, pass, out, signal);
        if (this.#stopping) return;
      }
      if (!follow && pass < repeat) {
        pass += 1;
        await this.#leave();
        // An input without rows must not be turned over and over.
        if (this.#metrics.rows === before) await this.#clock.sleep(pollMs, signal);
        continue;
      }
      if (!told)
        this.#log.info(
          { files: files.length, rows: this.#metrics.rows },
          follow ? 'CSV input read, following it' : 'CSV input read to its end',
        );
      told = true;
      if (!follow) {
        await this.#leave();
        await untilAborted(signal);
        return;
      }
      await this.#clock.sleep(pollMs, signal);
    }
  }

  /** From where it was left to its present end. */
  async #readFile(
    input: CsvInputFile,
    files: readonly CsvInputFile[],
    pass: number,
    out: ChangeOutlet,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#open?.name !== input.name) {
      const finished = this.#finished.get(input.name);
      if (finished !== undefined && this.#progress.get(input.name)?.pass === pass && sameState(finished, input.state)) return;
    }
    if (this.#open !== null && (this.#open.name !== input.name || !this.#isSame(this.#open, input)))
      await this.#hand(this.#open, input, out, signal);
    this.#open ??= await this.#enter(input, pass, out);
    if (this.#open === null) return;
    const opened = this.#open;
    const behind = files.slice(files.indexOf(input) + 1).filter((file) => !this.#progress.has(file.name));
    this.#metrics.waiting = behind.reduce((bytes, file) => bytes + file.state.size, 0);
    await this.#drain(opened, !this.#options.follow, out, signal);
    const { follow, idleMs } = this.#options;
    if (follow && idleMs > 0 && opened.reader.pending > 0 && this.#clock.now() - (await opened.file.state()).modifiedMs >= idleMs) {
      await this.#drain(opened, true, out, signal);
    }
    this.#hashOf(opened);
    opened.seen = input.state;
    // A half line is looked at again without the file having changed, so it is not finished.
    if (!this.#stopping && opened.reader.pending === 0) this.#finished.set(input.name, input.state);
  }

  /** Whether the open file is still what its name stands for, and still begins with what has been read of it. */
  #isSame(opened: OpenFile, input: CsvInputFile): boolean {
    if (opened.inode !== input.state.inode || input.state.size < opened.position + opened.reader.pending) return false;
    if (opened.seen === null || sameState(opened.seen, input.state)) return true;
    return opened.file.fingerprint(opened.position).hash === this.#hashOf(opened);
  }

  /** Leaves the open file; when another one took its name, its last line is whole by now. */
  async #hand(opened: OpenFile, input: CsvInputFile, out: ChangeOutlet, signal: AbortSignal): Promise<void> {
    if (opened.name === input.name && opened.inode !== input.state.inode) {
      const next = await CsvFile.open(input.path, this.#options.charset);
      const goesOn = this.#hashOf(opened) === next.fingerprint(opened.position).hash && input.state.size >= opened.position;
      await next.close();
      if (!goesOn) await this.#drain(opened, true, out, signal);
    }
    if (!this.#stopping) await this.#leave();
  }

  /** Opens a file where it was left; null when there is nothing to read in it yet. */
  async #enter(input: CsvInputFile, pass: number, out: ChangeOutlet): Promise<OpenFile | null> {
    const options = this.#options;
    const { charset } = options;
    const file = await this.#openOrSkip(input.path);
    if (file === null) return null;
    try {
      const state = await file.state();
      const stored = this.#progress.get(input.name);
      const from = stored === undefined || stored.pass < pass ? null : this.#resumable(file, input.name, stored, state);
      if (from !== null && from.position === state.size) {
        this.#finished.set(input.name, state);
        await file.close();
        return null;
      }
      const layout = await readLayout(file, options, this.#columns, !options.follow);
      if (layout === null) {
        await file.close();
        return null;
      }
      if (layout.inferredFrom > 0) {
        const columns = formatColumns(layout.columns);
        this.#log.info(
          { file: input.path, rows: layout.inferredFrom, columns },
          `CSV columns inferred; set "columns" to "${columns}" to keep or change them`,
        );
      }
      this.#settle(layout.columns);
      await this.#declare(out);
      const start = from === null || from.position < layout.position ? layout : from;
      const midLine = start === from && file.fingerprint(start.position).midLine;
      const { position, line } = start;
      const reader = new CsvReader(
        options.dialect,
        this.#change.after,
        { columns: layout.columns.length, position, line, midLine },
        charset.widthOf,
      );
      reader.nullable(layout.columns.map((column) => column.type === 'string'));
      file.seek(position);
      const { name, path } = input;
      return { name, path, file, inode: state.inode, reader, pass, position, line, moved: false, hash: '', hashedAt: -1, seen: null };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** A file of a folder may go away after the folder was listed. */
  async #openOrSkip(path: string): Promise<CsvFile | null> {
    try {
      return await CsvFile.open(path, this.#options.charset);
    } catch (error) {
      if ('folder' in this.#options.input && error instanceof ConnectError && isMissing(error.cause)) return null;
      throw error;
    }
  }

  /** The stored progress when this is still the file it was made in; null: read it from the start. */
  #resumable(file: CsvFile, name: string, stored: CsvProgress, state: CsvFileState): CsvProgress | null {
    const isShorter = state.size < stored.position;
    if (!isShorter && (stored.fingerprint === null || stored.fingerprint === file.fingerprint(stored.position).hash)) return stored;
    const reason = isShorter
      ? `it has ${state.size} bytes, and ${stored.position} had been read`
      : `what stands before byte ${stored.position} is not what had been read there`;
    if (this.#options.failOnReplaced) {
      throw new ConnectError('file.unreadable', `CSV file ${file.path} is not the one that was read before: ${reason}.`, {
        remedy: 'Put the file back, give the new one another name, or set file.replaced.policy=read to read it from its start.',
        details: { file: file.path },
      });
    }
    this.#log.warn(
      { file: file.path, name, position: stored.position, size: state.size },
      `CSV file was replaced (${reason}); it is read from its start`,
    );
    return null;
  }

  /** Gives out every whole row up to the end of the file. */
  async #drain(opened: OpenFile, final: boolean, out: ChangeOutlet, signal: AbortSignal): Promise<void> {
    for (let ended = false; !ended && !this.#stopping;) {
      const read = await opened.file.read(opened.reader, chunkBytes);
      ended = read === 0;
      this.#change.timestampMs = this.#clock.now();
      this.#change.sourceTimeMs = this.#change.timestampMs;
      await this.#rows(opened, ended && final, out, signal);
      this.#metrics.read(read, opened.position, ended ? opened.position + opened.reader.pending : (await opened.file.state()).size);
    }
  }

  async #rows(opened: OpenFile, final: boolean, out: ChangeOutlet, signal: AbortSignal): Promise<void> {
    const { reader } = opened;
    const change = this.#change;
    for (;;) {
      if (this.#stopping) return;
      const step = reader.next(final);
      if (step === CsvStep.MORE) break;
      if (this.#bucket !== null) await this.#pace(signal);
      let room: boolean;
      if (step === CsvStep.ROW) {
        room = out.emit(change);
        this.#metrics.rows += 1;
      } else {
        this.#metrics.rejected += 1;
        room = out.reject(this.#faultOf(opened), reader.raw);
      }
      opened.position = reader.position;
      opened.line = reader.line;
      opened.moved = true;
      room = out.boundary() && room;
      if (!room) await out.drained();
    }
    // Empty lines belong to no row, and still lie behind us.
    if (opened.position === reader.position) return;
    opened.position = reader.position;
    opened.line = reader.line;
    opened.moved = true;
    if (!out.boundary()) await out.drained();
  }

  async #pace(signal: AbortSignal): Promise<void> {
    for (;;) {
      const waitMs = this.#bucket?.take(this.#clock.monotonic()) ?? 0;
      if (waitMs === 0) return;
      await this.#clock.sleep(waitMs, signal);
      this.#change.timestampMs = this.#clock.now();
      this.#change.sourceTimeMs = this.#change.timestampMs;
    }
  }

  #faultOf({ name, reader }: OpenFile): ConnectError {
    return faultError({
      fault: reader.fault,
      file: name,
      line: reader.rowLine,
      cell: reader.faultCell,
      cells: reader.cells,
      columns: (this.#columns ?? []).map((column) => column.name),
      charset: this.#options.charset.name,
      rowBytesMax: this.#options.dialect.rowBytesMax,
    });
  }

  /** Takes on the columns; a shape that has the same ones stays, and with it its identity. */
  #settle(columns: readonly CsvColumn[] | null): void {
    const isSame = columns !== null && this.#columns !== null && formatColumns(columns) === formatColumns(this.#columns);
    if (!isSame) this.#shape = null;
    this.#columns = columns;
  }

  async #declare(out: ChangeOutlet): Promise<void> {
    this.#shape ??= csvShape(this.#columns ?? [], this.#options.keyFields, this.#options.names);
    if (this.#declared) return;
    await out.declare(this.#shape);
    this.#change.schema = this.#shape.schema;
    this.#declared = true;
  }

  #progressOf(opened: OpenFile): CsvProgress {
    const columns = this.#options.columns === null && this.#columns !== null ? formatColumns(this.#columns) : null;
    const { position, line, pass } = opened;
    return { position, line, pass, fingerprint: this.#hashOf(opened), columns };
  }

  #hashOf(opened: OpenFile): string {
    if (opened.hashedAt !== opened.position) {
      opened.hash = opened.file.fingerprint(opened.position).hash;
      opened.hashedAt = opened.position;
    }
    return opened.hash;
  }

  /** Closes the open file and keeps what is to be known of it. */
  async #leave(): Promise<void> {
    const opened = this.#open;
    if (opened === null) return;
    const progress = this.#progressOf(opened);
    this.#progress.set(opened.name, progress);
    if (opened.moved) this.#left.set(opened.name, csvOffset(opened.name, progress));
    this.#open = null;
    await opened.file.close();
  }
}

function sameState(left: CsvFileState, right: CsvFileState): boolean {
  return left.size === right.size && left.inode === right.inode && left.modifiedMs === right.modifiedMs;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
