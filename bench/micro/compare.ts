import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machine } from '../report/machine.ts';
import { resultsFolder } from '../report/result-file.ts';
import { byteBenchmarks } from './bytes.ts';
import { compareResults } from './comparison.ts';
import { csvBenchmarks } from './csv-reader.ts';
import { decoderBenchmarks } from './decoder.ts';
import { emitBenchmarks } from './emit.ts';
import { encoderBenchmarks } from './encoder.ts';
import type { MicroResult } from './measure.ts';
import { measure } from './measure.ts';
import type { MicroBenchmark } from './micro-benchmark.ts';
import { recordBatchBenchmarks } from './record-batch.ts';
import { transformBenchmarks } from './transforms.ts';
import { registryBenchmarks } from './registry-cache.ts';

const baselineFile = join(resultsFolder, 'baseline.json');

interface Baseline {
  readonly node: string;
  /** Work that waited for a core when it was made: above 1 it says less. */
  readonly load: number;
  readonly results: readonly MicroResult[];
}

/** Runs every micro-benchmark and holds it against the committed baseline; the exit code is 1 when something became slower. */
export async function compareWithBaseline(save: boolean, say: (text: string) => void): Promise<number> {
  const benchmarks: readonly MicroBenchmark[] = [
    ...decoderBenchmarks(),
    ...(await emitBenchmarks()),
    ...encoderBenchmarks,
    ...(await transformBenchmarks()),
    ...recordBatchBenchmarks,
    ...byteBenchmarks,
    ...(await registryBenchmarks()),
    ...csvBenchmarks,
  ];
  const baseline = existsSync(baselineFile) ? (JSON.parse(readFileSync(baselineFile, 'utf8')) as Baseline) : null;
  if (baseline !== null && baseline.node !== process.version)
    say(`The baseline was made by Node ${baseline.node}, this is ${process.version}: differences may be Node's.`);
  if (baseline !== null && baseline.load > 1) say(`The baseline was made on a busy machine (load ${baseline.load}).`);
  const results: MicroResult[] = [];
  let slower = 0;
  for (const benchmark of benchmarks) {
    let result = await measure(benchmark);
    let [difference] = compareResults([result], baseline?.results ?? []);
    // Once more before it is said: noise rarely comes twice.
    if (difference?.verdict === 'slower') {
      result = await measure(benchmark);
      [difference] = compareResults([result], baseline?.results ?? []);
    }
    results.push(result);
    if (difference?.verdict === 'slower') slower += 1;
    const against =
      difference === undefined || Number.isNaN(difference.factor) ? 'new' : `${difference.factor.toFixed(2)} x, ${difference.verdict}`;
    say(
      `${result.name.padEnd(46)} ${result.nanosecondsPerUnit.toFixed(1).padStart(9)} ns a ${result.unit.padEnd(8)} ± ${(result.spread * 50).toFixed(0).padStart(2)} %  ${against}`,
    );
  }
  for (const { name, verdict } of compareResults(results, baseline?.results ?? [])) if (verdict === 'gone') say(`${name}: gone`);
  if (save) {
    writeFileSync(
      baselineFile,
      `${JSON.stringify({ node: process.version, load: machine().loadBefore, results } satisfies Baseline, null, 1)}\n`,
    );
    say(`Saved as ${baselineFile}.`);
    return 0;
  }
  return slower > 0 ? 1 : 0;
}
