import { cpuSeconds } from './process-usage.ts';

/** Processor seconds by process, noted again and again, so that they can be told for any two moments afterwards. */
export class UsageLog {
  readonly #pids: ReadonlyMap<string, number>;
  readonly #notes: { readonly atMs: number; readonly seconds: readonly number[] }[] = [];

  constructor(pids: ReadonlyMap<string, number>) {
    this.#pids = pids;
  }

  note(atMs: number): void {
    this.#notes.push({ atMs, seconds: Array.from(this.#pids.values(), cpuSeconds) });
  }

  /** Between the last note before `fromMs` and the first note after `toMs`, without the processes that /proc does not tell of. */
  between(fromMs: number, toMs: number): Record<string, number> {
    const first = this.#notes.findLast((note) => note.atMs <= fromMs) ?? this.#notes[0];
    const last = this.#notes.find((note) => note.atMs >= toMs) ?? this.#notes.at(-1);
    const used: Record<string, number> = {};
    [...this.#pids.keys()].forEach((name, index) => {
      const seconds = (last?.seconds[index] ?? Number.NaN) - (first?.seconds[index] ?? Number.NaN);
      if (!Number.isNaN(seconds)) used[name] = seconds;
    });
    return used;
  }
}
