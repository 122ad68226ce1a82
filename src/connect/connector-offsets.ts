import { stringifyOffset, type SourceOffset } from '../record/offset.ts';
import type { OffsetStore } from './offset-store.ts';
import { RequestError } from './request-error.ts';
import type { Worker } from './worker.ts';

/** Reads, alters and resets the stored offsets of a connector; changes need it stopped. */
export class ConnectorOffsets {
  readonly #worker: Worker;

  constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Kafka Connect's `ConnectorOffsets` as JSON text, because 64-bit positions do not survive JSON numbers. */
  async list(name: string): Promise<string> {
    const offsets = await (await this.#store(name)).read(name);
    const entries = offsets.map(({ partition, offset }) => {
      return `{"partition":${stringifyOffset(partition)},"offset":${offset === null ? 'null' : stringifyOffset(offset)}}`;
    });
    return `{"offsets":[${entries.join(',')}]}`;
  }

  async alter(name: string, offsets: readonly SourceOffset[]): Promise<{ message: string }> {
    if (offsets.length === 0) throw new RequestError(400, 'Partitions / offsets need to be provided for an alter offsets request');
    return this.#worker.queue.run('altering the offsets of a connector', async () => {
      this.#worker.stopped(name);
      await (await this.#store(name)).write(name, offsets);
      return { message: done('altered') };
    });
  }

  async reset(name: string): Promise<{ message: string }> {
    return this.#worker.queue.run('resetting the offsets of a connector', async () => {
      this.#worker.stopped(name);
      const store = await this.#store(name);
      const present = await store.read(name);
      await store.write(
        name,
        present.map(({ partition }) => ({ partition, offset: null })),
      );
      return { message: done('reset') };
    });
  }

  #store(name: string): Promise<OffsetStore> {
    return this.#worker.runtime.offsets(this.#worker.find(name).config['offsets.storage.topic']?.trim() ?? null);
  }
}

/** A Postgres slot keeps a position of its own, which is not ours to move here. */
function done(what: 'altered' | 'reset'): string {
  return (
    `The Connect framework-managed offsets for this connector have been ${what} successfully. However, if this connector manages offsets ` +
    `externally, they will need to be manually ${what} in the system that the connector uses.`
  );
}
