import { cpuSeconds } from './process-usage.ts';

/** Processor seconds by process, noted again and again, so that they can be told for any two moments afterwards. */
export class UsageLog {
  readonly #pids: () => ReadonlyMap<string, number>;
  readonly #notes: { readonly atMs: number; readonly seconds: ReadonlyMap<string, number> }[] = [];

  /** Asked at every note: a process may appear later than the others. */
  constructor(pids: () => ReadonlyMap<string, number>) {
    this.#pids = pids;
  }

  note(atMs: number): void {
    const seconds = new Map<string, number>();
    for (const [name, pid] of this.#pids()) seconds.set(name, cpuSeconds(pid));
    this.#notes.push({ atMs, seconds });
  }

  /** Between the last note before `fromMs` and the first note after `toMs`, without the processes that /proc does not tell of. */
  between(fromMs: number, toMs: number): Record<string, number> {
    const first = this.#notes.findLast((note) => note.atMs <= fromMs) ?? this.#notes[0];
    const last = this.#notes.find((note) => note.atMs >= toMs) ?? this.#notes.at(-1);
    const used: Record<string, number> = {};
    for (const [name, at] of last?.seconds ?? []) {
      const seconds = at - (first?.seconds.get(name) ?? 0);
      if (!Number.isNaN(seconds)) used[name] = seconds;
    }
    return used;
  }
}
