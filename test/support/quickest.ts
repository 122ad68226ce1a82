/**
 * The least that `measureMs` answers, asked until it is below the limit, at most five times: on a busy machine anything takes a
 * second now and then, and what always does takes it each time.
 */
export async function quickest(limitMs: number, measureMs: () => Promise<number>): Promise<number> {
  let bestMs = Infinity;
  for (let attempt = 1; attempt <= 5 && bestMs >= limitMs; attempt += 1) bestMs = Math.min(bestMs, await measureMs());
  return bestMs;
}
