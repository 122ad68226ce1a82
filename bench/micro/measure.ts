import { median, quantile } from '../measure/statistics.ts';
import { calibrate } from './calibration.ts';
import type { MicroBenchmark } from './micro-benchmark.ts';

export interface MicroResult {
  readonly name: string;
  readonly unit: string;
  readonly nanosecondsPerUnit: number;
  /** Time of a unit by the time of the calibration loop, in millionths. */
  readonly ratio: number;
  /** The middle half of the rounds lies within this share of the ratio. */
  readonly spread: number;
}

const warmRounds = 5;
const measuredRounds = 15;
/** Processor time is told in microseconds; a round that takes this long is measured well enough. */
const roundMs = 12;

/**
 * Processor time and not the clock's, so that others on the machine count for little, and each round beside one of the calibration
 * loop, so that a machine that slows down slows both.
 */
export async function measure(benchmark: MicroBenchmark): Promise<MicroResult> {
  let calls = 1;
  for (let round = 0; round < warmRounds; round += 1) {
    const spent = await cpuNanoseconds(async () => {
      for (let call = 0; call < calls; call += 1) await benchmark.run();
    });
    calls = Math.max(1, Math.ceil((calls * roundMs * 1e6) / Math.max(spent, 1000)));
    calibrate();
  }
  const units = calls * benchmark.units;
  const times: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < measuredRounds; round += 1) {
    const loop = await cpuNanoseconds(() => void calibrate());
    const spent = await cpuNanoseconds(async () => {
      for (let call = 0; call < calls; call += 1) {
        const running = benchmark.run();
        if (running !== undefined) await running;
      }
    });
    times.push(spent / units);
    ratios.push((spent / units / loop) * 1e6);
  }
  const ratio = median(ratios);
  return {
    name: benchmark.name,
    unit: benchmark.unit,
    nanosecondsPerUnit: median(times),
    ratio,
    spread: (quantile(ratios, 0.75) - quantile(ratios, 0.25)) / ratio,
  };
}

async function cpuNanoseconds(act: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1000;
}
