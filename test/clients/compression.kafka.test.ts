import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { SinkStage } from '../sinks/kafka/sink-stage.ts';
import { stack } from '../support/stack.ts';

const run = promisify(execFile);
const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const python = process.env['MILLRACE_PYTHON'] ?? 'python3';
/** Kafka's own jars, as `npm test` has them in its cache. */
const kafkaJars = process.env['MILLRACE_KAFKA_JARS'] ?? '';
const limits = { maxBuffer: 1 << 28, timeout: 100_000 };

function pythonMissing(): string | false {
  const found = spawnSync(python, ['-c', 'import confluent_kafka'], { timeout: 30_000 }).status === 0;
  return found ? false : `${python} has no confluent_kafka (pip install -r test/clients/requirements.txt, then MILLRACE_PYTHON)`;
}

function javaMissing(): string | false {
  if (kafkaJars === '') return "MILLRACE_KAFKA_JARS does not name the folder with Kafka's jars";
  return spawnSync('java', ['-version'], { timeout: 30_000 }).status === 0 ? false : 'no java on this machine';
}

/** Some that compress well and some that do not, in batches larger than the blocks of any of the formats. */
const values = Array.from({ length: 3_000 }, (_, index) =>
  index % 2 === 0 ? `${index} ${'credit card '.repeat(20)}` : `${index} ${(Math.imul(index, 0x9e37_79b1) >>> 0).toString(36).repeat(9)}`,
);

/** One topic for each codec, in their order, written by the Kafka sink. */
async function writeTopics(stage: SinkStage): Promise<string[]> {
  for (const codec of codecs) {
    const sink = stage.sink({ 'compression.type': codec }, { transactionalId: `${stage.connector}-${codec}` });
    await sink.open(AbortSignal.timeout(60_000));
    const topic = `${stage.topic}-${codec}`;
    await sink.prepareTopic(topic);
    await sink.commit(stage.batch(values, 1, topic));
  }
  return codecs.map((codec) => `${stage.topic}-${codec}`);
}

function check(stdout: string, topics: readonly string[]): void {
  const lines = stdout.trimEnd().split('\n');
  for (const topic of topics) {
    const own = lines.filter((line) => line.startsWith(`${topic}\t`)).map((line) => line.slice(topic.length + 1));
    assert.deepEqual(own, values, topic);
  }
}

test("Confluent's client reads every compression", { skip: pythonMissing(), timeout: 200_000 }, async () => {
  await using stage = new SinkStage(stack.kafka);
  const topics = await writeTopics(stage);
  const { stdout } = await run(python, [join(import.meta.dirname, 'read_values.py'), stack.kafka, ...topics], limits);
  check(stdout, topics);
});

test("Kafka's own consumer reads every compression", { skip: javaMissing(), timeout: 200_000 }, async () => {
  await using stage = new SinkStage(stack.kafka);
  const topics = await writeTopics(stage);
  const program = join(import.meta.dirname, 'ReadValues.java');
  const { stdout } = await run('java', ['-cp', join(kafkaJars, '*'), program, stack.kafka, ...topics], limits);
  check(stdout, topics);
});
