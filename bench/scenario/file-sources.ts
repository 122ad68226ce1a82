import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../src/embedded/cache.ts';
import { SequenceCheck } from '../check/sequence-check.ts';
import { rowDiffers } from '../check/csv-row.ts';
import { FileStage } from '../engine/file-stage.ts';
import { resultAfterFirst } from '../measure/measurement.ts';
import type { Scenario, ScenarioContext } from './scenario.ts';
import { attempt, requireRight, tell } from './scenario.ts';

const timeoutMs = 120_000;
const title = 'Millrace, Avro, exactly once';
const sample = join(projectRoot, 'config', 'data', 'rides.csv');

async function measure(
  context: ScenarioContext,
  scenario: string,
  connector: (topic: string) => Readonly<Record<string, string>>,
  check: () => SequenceCheck,
): Promise<void> {
  await attempt(context, scenario, { name: 'millrace', title, role: 'ours' }, async (log) => {
    const repeats = context.repeats('ours', 2);
    for (let repeat = 1; repeat <= repeats; repeat += 1) {
      await using stage = await FileStage.prepare(context.servers, context.folder, context.uniqueName(scenario));
      const progress = await stage.run(connector(stage.topic), check(), timeoutMs);
      requireRight(progress.problems);
      log.config = stage.process.config;
      log.peakRssBytes = Math.max(log.peakRssBytes ?? 0, stage.peakRssBytes);
      tell(context, log.runs, resultAfterFirst(progress));
    }
  });
}

/** A file of taxi rides: from the first records that a consumer could see to the last, every cell compared with the file's. */
export const csv: Scenario = {
  name: 'csv',
  title: 'a CSV file of taxi rides, 18 columns, types inferred',
  async run(context) {
    const [header = '', ...lines] = (await readFile(sample, 'utf8')).trimEnd().split('\n');
    const names = header.split(',');
    const cells = lines.map((line) => line.split(','));
    const rows = context.rows(300_000);
    const folder = await mkdtemp(join(context.folder, 'rides-'));
    const file = join(folder, 'rides.csv');
    try {
      const block = `${lines.join('\n')}\n`;
      const whole = Math.floor(rows / lines.length);
      const rest = lines.slice(0, rows % lines.length).map((line) => `${line}\n`);
      await writeFile(file, [`${header}\n`, block.repeat(whole), ...rest]);
      context.say(`csv: a file of ${rows} rows, ${((await stat(file)).size / 1e6).toFixed(0)} MB`);
      const connector = (topic: string): Record<string, string> => ({
        'connector.class': 'millrace.CsvSource',
        file,
        topic,
        'key.fields': 'PULocationID',
      });
      const wrong = (index: number, key: unknown, value: unknown): string | null =>
        rowDiffers(names, cells[index % cells.length] ?? [], 'PULocationID', key, value);
      await measure(context, 'csv', connector, () => new SequenceCheck(rows, context.servers.registry, wrong));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** Made-up orders as fast as they can be made: numbered without a gap. */
export const generator: Scenario = {
  name: 'generator',
  title: 'sample data (quickstart orders) as fast as it can be made',
  async run(context) {
    const rows = context.rows(300_000);
    const connector = (topic: string): Record<string, string> => ({
      'connector.class': 'millrace.SampleData',
      quickstart: 'orders',
      'kafka.topic': topic,
      'max.interval': '0',
      iterations: String(rows),
      'random.seed': '1',
    });
    await measure(context, 'generator', connector, () => {
      let first: number | null = null;
      const wrong = (index: number, key: unknown, value: unknown): string | null => {
        const id = Number((value as { orderid: unknown }).orderid);
        first ??= id - index;
        if (id !== first + index) return `order ${id} where ${first + index} was due`;
        return Number(key) === id ? null : `key ${String(key)} for order ${id}`;
      };
      return new SequenceCheck(rows, context.servers.registry, wrong);
    });
  },
};
