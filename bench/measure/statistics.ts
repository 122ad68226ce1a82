/** The value below which the share `q` of the samples lies, between neighbours in proportion; NaN without samples. */
export function quantile(samples: readonly number[], q: number): number {
  if (samples.length === 0) return Number.NaN;
  const sorted = samples.toSorted((left, right) => left - right);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** How far the samples lie apart, as a share of their median: 0.1 means that the largest is a tenth of it above the smallest. */
export function spread(samples: readonly number[]): number {
  return samples.length < 2 ? 0 : (Math.max(...samples) - Math.min(...samples)) / median(samples);
}
