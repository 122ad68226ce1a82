/** Tells on standard error what is starting: a line per part, written over on a terminal. */
export class Progress {
  readonly #lines = new Map<string, string>();
  readonly #terminal = process.stderr.isTTY;
  #drawn = 0;
  #saidAt = Number.NEGATIVE_INFINITY;

  tell(part: string, text: string): void {
    this.#lines.set(part, text);
    if (!this.#terminal) {
      // A fetch reports many times a second: a log wants a line now and then.
      if (part === 'Files' && performance.now() - this.#saidAt < 3000) return;
      if (part === 'Files') this.#saidAt = performance.now();
      process.stderr.write(`${part.padEnd(9)} ${text}\n`);
      return;
    }
    const columns = process.stderr.columns;
    const up = this.#drawn === 0 ? '' : `\u001B[${this.#drawn}A`;
    const lines = [...this.#lines].map(([name, state]) => `\r\u001B[2K${`${name.padEnd(9)} ${state}`.slice(0, columns - 1)}\n`);
    process.stderr.write(up + lines.join(''));
    this.#drawn = this.#lines.size;
  }

  async during(part: string, before: string, after: string, work: () => Promise<void>): Promise<void> {
    this.tell(part, before);
    await work();
    this.tell(part, after);
  }
}
