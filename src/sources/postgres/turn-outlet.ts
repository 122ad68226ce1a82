import type { ChangeOutlet } from '../../connect/source.ts';
import type { Change } from '../../record/change.ts';

/**
 * One outlet for several readers. Whoever fills it closes it for all: the others ask `ready` before they emit, and again
 * after they waited in `drained`, because somebody else who waited may have filled it meanwhile.
 */
export class TurnOutlet {
  readonly #out: ChangeOutlet;
  #full: Promise<void> | null = null;

  constructor(out: ChangeOutlet) {
    this.#out = out;
  }

  /** False: do not emit before `drained()`. */
  ready(): boolean {
    return this.#full === null;
  }

  /** As `ChangeOutlet.emit`. */
  emit(change: Change): boolean {
    return this.#out.emit(change) || this.#close();
  }

  /** As `ChangeOutlet.reject`. */
  reject(...args: Parameters<ChangeOutlet['reject']>): boolean {
    return this.#out.reject(...args) || this.#close();
  }

  /** As `ChangeOutlet.boundary`. */
  boundary(): boolean {
    return this.#out.boundary() || this.#close();
  }

  async drained(): Promise<void> {
    while (this.#full !== null) await this.#full;
  }

  #close(): false {
    if (this.#full === null) {
      const full = this.#out.drained().then(() => {
        this.#full = null;
      });
      // Each reader that waits gets the failure; that nobody waits is no reason to end the process.
      full.catch(() => {});
      this.#full = full;
    }
    return false;
  }
}
