import type { Clock } from '../../base/clock.ts';
import { ConnectError } from '../../base/errors.ts';
import type { ChangeOutlet } from '../../connect/source.ts';
import { Change } from '../../record/change.ts';
import { TupleView } from '../../record/tuple-view.ts';
import { formatColumns, type CsvColumn } from './csv-columns.ts';
import { faultError } from './csv-fault.ts';
import type { CsvFile, CsvFileState } from './csv-file.ts';
import { fileRegisters, setFile, setLine } from './csv-headers.ts';
import type { CsvInputFile } from './csv-input.ts';
import type { CsvMetrics } from './csv-metrics.ts';
import type { CsvOptions } from './csv-options.ts';
import { CsvPace, isPaced } from './csv-pace.ts';
import { CsvStep, type CsvReader } from './csv-reader.ts';
import { csvShape, type CsvPlan } from './csv-shape.ts';

/** The file being read. `position` and `line` are those of the last row given out, not of the last one parsed. */
export interface OpenFile {
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
  /** Whether it moved at all. */
  everMoved: boolean;
  /** Of the bytes before `hashedAt`, taken right after they were read. */
  hash: string;
  hashedAt: number;
  /** As it was when its end was last reached; null before. */
  seen: CsvFileState | null;
  /** Rows are passed over, because reading starts at the end of the file. */
  discard: boolean;
  /** The line for which the whole file was given up. */
  failure: ConnectError | null;
}

/** Makes changes of rows: columns, shape, projection, record times, pace. */
export class CsvEmitter {
  readonly change: Change;
  /** Settled columns, those of the files. */
  columns: readonly CsvColumn[] | null = null;
  stopping = false;
  readonly #options: CsvOptions;
  readonly #clock: Clock;
  readonly #metrics: CsvMetrics;
  readonly #row = new TupleView();
  #plan: CsvPlan | null = null;
  #declared = false;
  #pace: CsvPace | null = null;
  #nowMs = 0;
  #fileMs = 0;

  constructor(options: CsvOptions, clock: Clock, metrics: CsvMetrics, locate: () => string, raw: () => Uint8Array | null) {
    this.#options = options;
    this.#clock = clock;
    this.#metrics = metrics;
    this.change = new Change({ id: -1, name: '', columns: [], key: new Uint16Array(0) }, fileRegisters, locate);
    this.change.raw = raw;
  }

  /** At the start of a run. */
  begin(columns: readonly CsvColumn[] | null): void {
    this.#declared = false;
    this.settle(columns);
    this.#pace = isPaced(this.#options.pace) ? new CsvPace(this.#options.pace, this.#clock) : null;
  }

  /** Takes on the columns; a shape that has the same ones stays, and with it its identity. */
  settle(columns: readonly CsvColumn[] | null): void {
    const isSame = columns !== null && this.columns !== null && formatColumns(columns) === formatColumns(this.columns);
    if (!isSame) this.#plan = null;
    this.columns = columns;
  }

  async declare(out: ChangeOutlet): Promise<void> {
    this.#plan ??= csvShape(this.columns ?? [], this.#options.shape);
    if (this.#declared) return;
    const { shape, projection } = this.#plan;
    await out.declare(shape);
    this.change.schema = shape.schema;
    if (projection !== null) this.change.after.reserve(projection.width);
    this.#declared = true;
  }

  /** Where readers put the rows of the file. */
  get target(): TupleView {
    return this.#plan?.projection === null ? this.change.after : this.#row;
  }

  /** Which columns hold text, where the dialect decides about empty cells; null: all, because fields have types of their own. */
  get textColumns(): readonly boolean[] | null {
    return this.#plan?.projection === null ? (this.columns ?? []).map((column) => column.type === 'string') : null;
  }

  enter(input: CsvInputFile): void {
    setFile(this.change.registers, input);
    this.#fileMs = input.state.modifiedMs;
  }

  /** Gives out every whole row in the reader's window. */
  async rows(opened: OpenFile, final: boolean, out: ChangeOutlet, signal: AbortSignal): Promise<void> {
    const { reader } = opened;
    this.#stamp();
    for (;;) {
      if (this.stopping) return;
      const step = reader.next(final);
      if (step === CsvStep.MORE) break;
      let room = true;
      if (!opened.discard) {
        if (this.#pace !== null) {
          await this.#pace.turn(signal);
          this.#stamp();
        }
        if (step === CsvStep.ROW) room = this.#emit(reader, opened.name, out);
        else if (this.#options.haltOnError) room = this.#reject(this.#faultOf(opened), reader.raw, out);
        else {
          opened.failure = this.#faultOf(opened);
          return;
        }
      }
      this.#move(opened);
      room = out.boundary() && room;
      if (!room) await out.drained();
    }
    // Empty lines belong to no row, and still lie behind us.
    if (opened.position === reader.position) return;
    this.#move(opened);
    if (!out.boundary()) await out.drained();
  }

  #move(opened: OpenFile): void {
    opened.position = opened.reader.position;
    opened.line = opened.reader.line;
    opened.moved = true;
    opened.everMoved = true;
  }

  #stamp(): void {
    this.#nowMs = this.#clock.now();
    this.change.timestampMs = this.#options.timestampFromFile ? Math.floor(this.#fileMs) : this.#nowMs;
    this.change.sourceTimeMs = this.#nowMs;
  }

  #emit(reader: CsvReader, file: string, out: ChangeOutlet): boolean {
    const { change } = this;
    const projection = this.#plan?.projection ?? null;
    const timestamp = this.#plan?.timestamp ?? null;
    if (projection !== null) projection.project(this.#row, change.after, this.#nowMs);
    if (timestamp !== null) {
      const { after } = change;
      change.timestampMs = timestamp.time.readMs(after.bytes, after.start[timestamp.column]!, after.end[timestamp.column]!);
      if (!(change.timestampMs >= 0)) return this.#reject(noTime(file, reader.rowLine), change.raw?.() ?? null, out);
    }
    setLine(change.registers, reader.rowLine);
    this.#metrics.rows += 1;
    return out.emit(change);
  }

  #reject(failure: ConnectError, raw: Uint8Array | null, out: ChangeOutlet): boolean {
    this.#metrics.rejected += 1;
    return out.reject(failure, raw);
  }

  #faultOf({ name, reader }: OpenFile): ConnectError {
    return faultError({
      fault: reader.fault,
      file: name,
      line: reader.rowLine,
      cell: reader.faultCell,
      cells: reader.cells,
      columns: (this.columns ?? []).map((column) => column.name),
      charset: this.#options.charset.name,
      rowBytesMax: this.#options.dialect.rowBytesMax,
    });
  }
}

function noTime(file: string, line: number): ConnectError {
  return new ConnectError('data.row', `CSV file ${file} line ${line}: the column of timestamp.field holds no time from 1970 on.`, {
    remedy: 'Correct the line, or give the column its pattern, as in timestamp.field=day:timestamp("dd.MM.yyyy HH:mm").',
    details: { file, line },
  });
}
