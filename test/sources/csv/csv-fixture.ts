import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../../src/base/clock.ts';
import { silentLog } from '../../../src/base/log.ts';
import { Metrics } from '../../../src/base/metrics.ts';
import { Config } from '../../../src/connect/config.ts';
import type { SourceOffset } from '../../../src/record/offset.ts';
import { CsvSource } from '../../../src/sources/csv/csv-source.ts';
import { csvSourcePlugin } from '../../../src/sources/csv/plugin.ts';
import { CsvOutlet } from './csv-outlet.ts';

/** A folder of its own for a test, gone afterwards. */
export class CsvFixture implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-csv-'));
  readonly metrics = new Metrics();

  path(name: string): string {
    return join(this.folder, name);
  }

  source(values: Readonly<Record<string, string>>, clock: Clock = systemClock): CsvSource {
    return new CsvSource({ connector: 'csv', config: configOf(values), clock, log: silentLog, metrics: this.metrics });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** Defaults as the runtime fills them in. */
export function configOf(values: Readonly<Record<string, string>>): Config {
  const defaults = csvSourcePlugin.configKeys.map((key): [string, string | null] => [key.name, key.default ?? null]);
  return Config.of({ ...Object.fromEntries(defaults), 'connector.class': 'millrace.CsvSource', topic: 'rides', ...values });
}

/** A running source, and what came out of it. */
export class CsvRun {
  readonly out: CsvOutlet;
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;
  #failure: unknown = null;

  constructor(source: CsvSource, resumeFrom: readonly SourceOffset[] = [], prepare: (out: CsvOutlet, stop: () => void) => void = () => {}) {
    this.out = new CsvOutlet(source);
    for (const { partition, offset } of resumeFrom) if (offset !== null) this.out.offsets.set(JSON.stringify(partition), offset);
    prepare(this.out, () => this.#abort.abort());
    this.#done = source.run(resumeFrom, this.out, this.#abort.signal).catch((error: unknown) => {
      this.#failure = error;
    });
  }

  /** Rows so far, their cells joined. */
  get lines(): string[] {
    return this.out.rows.map((row) => row.cells.map((cell) => cell ?? 'null').join('|'));
  }

  /** Waits until the source has come to something; a source that fails first fails the test. */
  async until(condition: () => boolean): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (!condition()) {
      if (this.#failure !== null) throw this.#failure;
      if (Date.now() > deadline) throw new Error(`waited for ${condition.toString()} in vain; rows so far: ${this.lines.join(' / ')}`);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  }

  /** Stops it; the offsets a sink would hold. */
  async stop(): Promise<readonly SourceOffset[]> {
    this.#abort.abort();
    await this.#done;
    if (this.#failure !== null) throw this.#failure;
    return this.out.seal();
  }

  /** The error it ends with. */
  async failure(): Promise<unknown> {
    await this.#done;
    return this.#failure;
  }
}
