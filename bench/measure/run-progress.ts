/** What was seen of one measured run. Times are those of `monotonicMs`. */
export interface RunProgress {
  readonly fromMs: number;
  /** When the first rows were seen, and how many there were then: with batches it is never just one. */
  readonly firstMs: number;
  readonly firstRows: number;
  /** When the last row was there. */
  readonly endMs: number;
  readonly rows: number;
  /** Of keys and values in Kafka, or of the frames that were read. */
  readonly bytes: number;
  /** By process, from the beginning to the end. */
  readonly cpuSeconds: Readonly<Record<string, number>>;
  /** From the moment at which the first rows were seen. */
  readonly cpuSecondsAfterFirst: Readonly<Record<string, number>>;
  /** Empty when every record was as in the table. */
  readonly problems: readonly string[];
}
