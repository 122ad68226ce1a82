/** Declaring is waiting for the registry and for Kafka; more at a time only make those two slower. */
const tablesAtOnce = 8;

/**
 * Declares tables side by side, each begun in order. After a failure or an abort no other is begun, and nothing is under
 * way any more when this settles. Rejects with the first failure.
 */
export async function declareTables<T>(tables: readonly T[], signal: AbortSignal, declare: (table: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (failures.length === 0 && !signal.aborted && begun < tables.length) {
      const table = tables[begun] as T;
      begun += 1;
      try {
        await declare(table);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(tablesAtOnce, tables.length) }, worker));
  if (failures.length > 0) throw failures[0];
}
