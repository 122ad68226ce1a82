/** A piece of the row path by itself. */
export interface MicroBenchmark {
  readonly name: string;
  /** What one unit is: `row`, `record`, `key`, `KiB`, `look-up`. */
  readonly unit: string;
  /** How many units one call of `run` does: enough for some milliseconds. */
  readonly units: number;
  run(): void | Promise<void>;
}
