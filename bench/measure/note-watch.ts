import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from './monotonic.ts';
import type { RunProgress } from './run-progress.ts';
import type { UsageLog } from './usage-log.ts';

interface Note {
  readonly atMs: number;
  readonly rows: number;
  readonly bytes: number;
}

/** Follows a process that writes its progress as lines of JSON: the limits, which write nothing to Kafka. */
export class NoteWatch {
  readonly #file: string;
  readonly #usage: UsageLog;
  #before: Note = { atMs: 0, rows: 0, bytes: 0 };

  constructor(file: string, usage: UsageLog) {
    this.#file = file;
    this.#usage = usage;
  }

  begin(): void {
    this.#before = this.#notes().at(-1) ?? this.#before;
    this.#usage.note(monotonicMs());
  }

  /** When the process wrote its first note. */
  get firstNoteMs(): number {
    return this.#notes()[0]?.atMs ?? Number.NaN;
  }

  async complete(fromMs: number, rows: number, timeoutMs: number, requireRunning: () => void): Promise<RunProgress> {
    const wanted = this.#before.rows + rows;
    let notes = this.#notes();
    while ((notes.at(-1)?.rows ?? 0) < wanted) {
      requireRunning();
      const nowMs = monotonicMs();
      if (nowMs > fromMs + timeoutMs) throw new Error(`timed out with ${(notes.at(-1)?.rows ?? 0) - this.#before.rows} of ${rows} rows`);
      this.#usage.note(nowMs);
      await sleep(20);
      notes = this.#notes();
    }
    this.#usage.note(monotonicMs());
    const first = notes.find((note) => note.rows > this.#before.rows);
    const end = notes.find((note) => note.rows >= wanted);
    const last = notes.at(-1);
    const counted = (last?.rows ?? 0) - this.#before.rows;
    return {
      fromMs,
      firstMs: first?.atMs ?? Number.NaN,
      firstRows: (first?.rows ?? 0) - this.#before.rows,
      endMs: end?.atMs ?? Number.NaN,
      rows: counted,
      bytes: (last?.bytes ?? 0) - this.#before.bytes,
      cpuSeconds: this.#usage.between(fromMs, end?.atMs ?? Number.NaN),
      cpuSecondsAfterFirst: this.#usage.between(first?.atMs ?? fromMs, end?.atMs ?? Number.NaN),
      problems: counted === rows ? [] : [`${counted} rows came, ${rows} were due`],
    };
  }

  #notes(): Note[] {
    const text = readFileSync(this.#file, 'utf8');
    const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Note);
  }
}
