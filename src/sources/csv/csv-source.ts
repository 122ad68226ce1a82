import { assert } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { ConnectError, describeError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { SourceContext } from '../../connect/plugin.ts';
import type { ChangeOutlet, Source } from '../../connect/source.ts';
import type { SourceOffset } from '../../record/offset.ts';
import { CsvCleanup } from './csv-cleanup.ts';
import { formatColumns } from './csv-columns.ts';
import { CsvEmitter, type OpenFile } from './csv-emitter.ts';
import { CsvFile, type CsvFileState } from './csv-file.ts';
import { isMissing, listInput, type CsvInputFile } from './csv-input.ts';
import { knownColumns, readLayout } from './csv-layout.ts';
import { CsvMetrics } from './csv-metrics.ts';
import { csvOffset, parseCsvOffsets, type CsvProgress } from './csv-offset.ts';
import { csvOptions, type CsvOptions } from './csv-options.ts';
import { CsvReader } from './csv-reader.ts';
import { saveColumns } from './schema-file.ts';
import { compressionOf, type Compression } from './unpack.ts';

/** Read at once; between two reads other tasks have their turn. */
const chunkBytes = 256 * 1024;

/**
 * Rows of CSV files as flat records of `Op.READ`, every row a boundary.
 *
 * Files are read one after the other in their order. A file that has been read is remembered by its offset, and stays
 * where it is unless a clean-up policy takes it away. When there is nothing more to read `run` stays pending until it is
 * aborted, so the connector is RUNNING and idle; with `follow` it looks for more every `poll.interval.ms`.
 */
export class CsvSource implements Source {
  readonly #options: CsvOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #metrics: CsvMetrics;
  readonly #emitter: CsvEmitter;
  readonly #cleanup: CsvCleanup;
  /** By file name, as far as it is read or was when the run began. */
  #progress = new Map<string, CsvProgress>();
  /** Files as they were when their end was reached: while they look the same there is no need to open them. */
  readonly #finished = new Map<string, CsvFileState>();
  /** Positions of files left since `position` was last called. */
  readonly #left = new Map<string, SourceOffset>();
  #open: OpenFile | null = null;
  #stopping = false;
  /** Nothing was read before this run, and reading is to start where files end now. */
  #fromEnd = false;
  #rewound = false;

  constructor(context: SourceContext) {
    this.#options = csvOptions(context.config);
    this.#clock = context.clock;
    this.#log = context.log;
    this.#metrics = new CsvMetrics(context.metrics, context.connector);
    const locate = (): string => (this.#open === null ? 'no file' : `file ${this.#open.name} line ${this.#open.reader.rowLine}`);
    this.#emitter = new CsvEmitter(this.#options, context.clock, this.#metrics, locate, () => {
      return this.#open === null ? null : rawRow(this.#open);
    });
    this.#cleanup = new CsvCleanup(this.#options.cleanup, context.clock, context.log);
  }

  async run(resumeFrom: readonly SourceOffset[], out: ChangeOutlet, signal: AbortSignal): Promise<void> {
    assert(this.#open === null, 'a CSV source runs once at a time');
    const stored = parseCsvOffsets(resumeFrom);
    this.#fromEnd = this.#options.start === 'end' && stored.size === 0;
    const rewinds = this.#options.start === 'beginning' && !this.#rewound;
    this.#rewound = true;
    this.#progress = rewinds ? new Map() : stored;
    this.#finished.clear();
    this.#left.clear();
    const schema = [...stored.values()].find((file) => file.columns !== null)?.columns ?? null;
    this.#emitter.begin(knownColumns(this.#options, this.#options.needsTypes ? schema : null));
    this.#stopping = signal.aborted;
    this.#emitter.stopping = signal.aborted;
    const stop = (): void => {
      this.#stopping = true;
      this.#emitter.stopping = true;
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

  confirm(offsets: readonly SourceOffset[]): void {
    this.#cleanup.confirmed(offsets);
  }

  async close(): Promise<void> {
    await this.#leave();
  }

  async #readAll(out: ChangeOutlet, signal: AbortSignal): Promise<void> {
    const { follow, repeat, pollMs } = this.#options;
    let pass = Math.max(1, ...[...this.#progress.values()].map((file) => file.pass));
    let told = false;
    while (!this.#stopping) {
      const before = this.#metrics.rows;
      const { files, young } = await this.#list(follow !== 'no' && (told || this.#progress.size > 0));
      // The file is away, but what is held open of it can still grow.
      if (files.length === 0 && this.#open !== null) await this.#drain(this.#open, false, out, signal);
      for (const file of files) {
        await this.#readFile(file, files, pass, out, signal);
        if (this.#stopping) return;
      }
      this.#fromEnd = false;
      if (follow === 'no' && !young && pass < repeat) {
        pass += 1;
        await this.#leave();
        // An input without rows must not be turned over and over.
        if (this.#metrics.rows === before) await this.#clock.sleep(pollMs, signal);
        continue;
      }
      if (!told && files.length === 0 && this.#options.mayBeMissing) this.#log.warn('The file does not exist yet; it is waited for');
      else if (!told)
        this.#log.info(
          { files: files.length, rows: this.#metrics.rows },
          follow === 'no' ? 'CSV input read to its end' : 'CSV input read, following it',
        );
      told = true;
      if (follow !== 'rows') await this.#leave();
      const grew = await this.#cleanUp(out);
      if (follow === 'no' && !young && !grew && !this.#cleanup.isPending) {
        await untilAborted(signal);
        return;
      }
      // The last offsets have to be sealed before what they stand for is confirmed.
      if (this.#left.size > 0 && !out.boundary()) await out.drained();
      await this.#clock.sleep(pollMs, signal);
    }
  }

  async #list(mayBeMissing: boolean): Promise<{ readonly files: readonly CsvInputFile[]; readonly young: boolean }> {
    const { input, minAgeMs } = this.#options;
    const all = await listInput(input, mayBeMissing || this.#options.mayBeMissing);
    const files = minAgeMs === 0 ? all : all.filter((file) => this.#clock.now() - file.state.modifiedMs >= minAgeMs);
    return { files, young: files.length < all.length };
  }

  /** True when files have grown meanwhile. */
  async #cleanUp(out: ChangeOutlet): Promise<boolean> {
    const { gone, grew } = await this.#cleanup.run();
    for (const partition of gone) {
      const name = String(partition['filename']);
      this.#progress.delete(name);
      this.#finished.delete(name);
      // A file of this name that comes later is another one.
      this.#left.set(name, { partition, offset: null });
    }
    if (gone.length > 0 && !out.boundary()) await out.drained();
    return grew;
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
      if (finished !== undefined && (this.#progress.get(input.name)?.pass ?? pass) === pass && sameState(finished, input.state)) return;
    }
    if (this.#open !== null && (this.#open.name !== input.name || !this.#isSame(this.#open, input)))
      await this.#hand(this.#open, input, out, signal);
    this.#open ??= await this.#enter(input, pass, out);
    if (this.#open === null) return;
    const opened = this.#open;
    const behind = files.slice(files.indexOf(input) + 1).filter((file) => !this.#progress.has(file.name));
    this.#metrics.waiting = behind.reduce((bytes, file) => bytes + file.state.size, 0);
    const { follow, idleMs } = this.#options;
    this.#cleanup.forget(input.name);
    const whole = follow !== 'rows' || this.#isCopied(input.path);
    await this.#drain(opened, whole && !opened.discard, out, signal);
    opened.discard = false;
    if (
      follow === 'rows' &&
      idleMs > 0 &&
      opened.reader.pending > 0 &&
      this.#clock.now() - (await opened.file.state()).modifiedMs >= idleMs
    ) {
      await this.#drain(opened, true, out, signal);
    }
    this.#hashOf(opened);
    opened.seen = input.state;
    if (this.#stopping) return;
    // A half line is looked at again without the file having changed, so it is not finished.
    if (opened.reader.pending === 0 || opened.failure !== null) {
      this.#finished.set(input.name, input.state);
      const end = { position: opened.position, fingerprint: opened.hash };
      this.#cleanup.ended(input, end, opened.failure !== null, !opened.everMoved);
    }
    if (opened.failure !== null) {
      this.#log.error({ file: opened.path }, `CSV file given up, and moved to error.path: ${describeError(opened.failure)}`);
      await this.#leave();
    }
  }

  /** Whether the open file is still what its name stands for, and still begins with what has been read of it. */
  #isSame(opened: OpenFile, input: CsvInputFile): boolean {
    if (opened.inode !== input.state.inode) return false;
    if (this.#isCopied(input.path)) return opened.seen === null || sameState(opened.seen, input.state);
    if (input.state.size < opened.position + opened.reader.pending) return false;
    if (opened.seen === null || sameState(opened.seen, input.state)) return true;
    return opened.file.fingerprint(opened.position).hash === this.#hashOf(opened);
  }

  /** Leaves the open file; when another one took its name, its last line is whole by now. */
  async #hand(opened: OpenFile, input: CsvInputFile, out: ChangeOutlet, signal: AbortSignal): Promise<void> {
    if (opened.name === input.name && opened.inode !== input.state.inode) {
      const next = await CsvFile.open(input.path, this.#options.charset, this.#compression(input.path));
      const { size } = await next.state();
      const goesOn = this.#hashOf(opened) === next.fingerprint(opened.position).hash && size >= opened.position;
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
      const layout =
        from?.position === state.size ? null : await readLayout(file, options, this.#emitter.columns, options.follow !== 'rows');
      if (layout === null) {
        await file.close();
        // Read to its end before, or empty.
        if (from?.position === state.size || options.follow !== 'rows') {
          this.#finished.set(input.name, input.state);
          this.#cleanup.ended(input, { position: state.size, fingerprint: '' }, false, true);
        }
        return null;
      }
      if (layout.inferredFrom > 0) {
        const columns = formatColumns(layout.columns);
        this.#log.info(
          { file: input.path, rows: layout.inferredFrom, columns },
          `CSV columns inferred; set "columns" to "${columns}" to keep or change them`,
        );
        if (options.saveFile !== null) saveColumns(options.saveFile, layout.columns, input.path);
      }
      this.#emitter.settle(layout.columns);
      await this.#emitter.declare(out);
      this.#emitter.enter(input);
      const start = from === null || from.position < layout.position ? layout : from;
      const { position, line } = start;
      const before = file.fingerprint(start.position);
      const midLine = start === from && before.midLine && !(before.afterReturn && options.dialect.separator === 13);
      const rowStart = { columns: layout.columns.length, position, line, midLine };
      const reader = new CsvReader(
        options.dialect,
        this.#emitter.target,
        rowStart,
        charset.widthOf,
        charset.whole || charset.widthOf !== null,
      );
      reader.nullable(this.#emitter.textColumns);
      file.seek(position);
      const { name, path } = input;
      const fresh = { moved: false, everMoved: false, hash: '', hashedAt: -1, seen: null, failure: null, discard: this.#fromEnd };
      return { name, path, file, inode: input.state.inode, reader, pass, position, line, ...fresh };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** A file of a folder may go away after the folder was listed. */
  async #openOrSkip(path: string): Promise<CsvFile | null> {
    try {
      return await CsvFile.open(path, this.#options.charset, this.#compression(path));
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

  #compression(path: string): Compression {
    return compressionOf(path, this.#options.compression);
  }

  /** Whether what is read is a copy of the file as it was when it was opened. */
  #isCopied(path: string): boolean {
    return this.#options.charset.whole || this.#compression(path) !== 'none';
  }

  /** Gives out every whole row up to the end of the file. */
  async #drain(opened: OpenFile, final: boolean, out: ChangeOutlet, signal: AbortSignal): Promise<void> {
    for (let ended = false; !ended && !this.#stopping && opened.failure === null;) {
      const read = await opened.file.read(opened.reader, chunkBytes);
      ended = read === 0;
      await this.#emitter.rows(opened, ended && final, out, signal);
      this.#metrics.read(read, opened.position, ended ? opened.position + opened.reader.pending : (await opened.file.state()).size);
    }
  }

  #progressOf(opened: OpenFile): CsvProgress {
    const { columns: settled } = this.#emitter;
    const columns = this.#options.columns === null && this.#options.needsTypes && settled !== null ? formatColumns(settled) : null;
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

/** The row that has just been taken, with its end of line; empty lines before it are none of it. */
function rawRow({ file, position, reader }: OpenFile): Uint8Array {
  const bytes = file.between(position, reader.position);
  let from = 0;
  while (bytes[from] === 10 || (bytes[from] === 13 && bytes[from + 1] === 10)) from += 1;
  return bytes.subarray(from);
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
