/**
 * A question about names that is asked for many at once: names that come while an answer is awaited go together into the
 * next question. When that fails, each is asked for alone, so that an error hits the name that it is about.
 */
export class GatheredQuestion<T> {
  readonly #ask: (names: readonly string[]) => Promise<(name: string) => T>;
  #waiting = new Map<string, PromiseWithResolvers<T>>();
  #asking = false;

  constructor(ask: (names: readonly string[]) => Promise<(name: string) => T>) {
    this.#ask = ask;
  }

  about(name: string): Promise<T> {
    let waiter = this.#waiting.get(name);
    if (waiter === undefined) {
      waiter = Promise.withResolvers<T>();
      this.#waiting.set(name, waiter);
      if (!this.#asking) void this.#run();
    }
    return waiter.promise;
  }

  async #run(): Promise<void> {
    this.#asking = true;
    // Those that come in the same moment go along with the first one.
    await Promise.resolve();
    while (this.#waiting.size > 0) {
      const waiting = this.#waiting;
      this.#waiting = new Map();
      await this.#settle(waiting);
    }
    this.#asking = false;
  }

  async #settle(waiting: ReadonlyMap<string, PromiseWithResolvers<T>>): Promise<void> {
    try {
      const answer = await this.#ask([...waiting.keys()]);
      for (const [name, waiter] of waiting) waiter.resolve(answer(name));
    } catch (error) {
      for (const [name, waiter] of waiting) {
        if (waiting.size === 1) waiter.reject(error);
        else await this.#settle(new Map([[name, waiter]]));
      }
    }
  }
}
