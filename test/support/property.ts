/**
 * Settings of property tests: PROPERTY_SEED repeats a run, PROPERTY_BUDGET_SECONDS lets it go on for longer than the
 * short default of the everyday suite.
 */
export function propertySettings(): { readonly numRuns?: number; readonly seed?: number; readonly interruptAfterTimeLimit?: number } {
  const seed = process.env['PROPERTY_SEED'];
  const budget = process.env['PROPERTY_BUDGET_SECONDS'];
  return {
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(budget === undefined ? { numRuns: 200 } : { numRuns: 1_000_000_000, interruptAfterTimeLimit: Number(budget) * 1000 }),
  };
}
