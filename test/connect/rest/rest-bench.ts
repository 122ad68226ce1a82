import { Writable } from 'node:stream';
import pino from 'pino';
import { systemClock } from '../../../src/base/clock.ts';
import type { ConnectorFile } from '../../../src/connect/config-file.ts';
import { Plugins } from '../../../src/connect/plugins.ts';
import { SecretScrubber } from '../../../src/connect/secret-scrubber.ts';
import { WorkerConfig } from '../../../src/connect/worker-config.ts';
import { startWorker, type RunningWorker } from '../../../src/connect/worker-start.ts';
import { jsonConverterPlugin } from '../../../src/json/json-converter.ts';
import { simpleHeaderConverterPlugin } from '../../../src/json/string-converter.ts';
import { createKafkaSink } from '../../../src/sinks/kafka/kafka-sink.ts';
import { readCommitted } from '../../sinks/kafka/sink-stage.ts';
import { stack } from '../../support/stack.ts';
import { uniqueName } from '../../support/unique-name.ts';
import { countingSourcePlugin } from '../counting-source.ts';

export interface Answer {
  readonly status: number;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- answers are compared, not computed with
  readonly body: any;
  readonly headers: Headers;
}

/** A worker in this process on the real Kafka, with the counting source as its only plugin, and a group of its own. */
export class RestBench implements AsyncDisposable {
  readonly group: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** Every log line ever written, as JSON. */
  log = '';
  #running: RunningWorker | null = null;

  private constructor(settings: Readonly<Record<string, string>>, env: Readonly<Record<string, string>>) {
    this.group = uniqueName('rest');
    this.settings = settings;
    this.env = env;
  }

  static async open(settings: Readonly<Record<string, string>> = {}, env: Readonly<Record<string, string>> = {}): Promise<RestBench> {
    const bench = new RestBench(settings, env);
    await bench.start();
    return bench;
  }

  async start(connectors: readonly ConnectorFile[] = []): Promise<void> {
    const scrubber = new SecretScrubber();
    const worker = {
      'bootstrap.servers': stack.kafka,
      listeners: 'http://127.0.0.1:0',
      'group.id': this.group,
      'offset.storage.partitions': '1',
      'status.storage.partitions': '1',
      'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
      'value.converter.schemas.enable': 'false',
      ...this.settings,
    };
    const lines = new Writable({
      write: (chunk, _encoding, done) => {
        this.log += String(chunk);
        done();
      },
    });
    this.#running = await startWorker({
      config: WorkerConfig.parse(worker, this.env, scrubber),
      connectors,
      plugins: new Plugins({
        version: '1',
        sources: [countingSourcePlugin],
        converters: [jsonConverterPlugin],
        headerConverters: [simpleHeaderConverterPlugin],
        transforms: [],
        predicates: [],
      }),
      createSink: createKafkaSink,
      scrubber,
      clock: systemClock,
      log: pino({ level: 'trace', hooks: { streamWrite: (line) => scrubber.scrub(line) } }, lines),
      version: '1',
    });
  }

  async stop(): Promise<boolean> {
    const running = this.#running;
    this.#running = null;
    return (await running?.close()) ?? true;
  }

  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = { 'content-type': 'application/json' },
  ): Promise<Answer> {
    const sent = body === undefined ? {} : { headers, body: typeof body === 'string' ? body : JSON.stringify(body) };
    const answer = await fetch(`${this.#running?.url}${path}`, { method, ...sent });
    const text = await answer.text();
    return { status: answer.status, text, headers: answer.headers, body: parsed(text) };
  }

  get(path: string): Promise<Answer> {
    return this.call('GET', path);
  }

  /** Asks until `done` holds. */
  async until(path: string, done: (body: Answer['body']) => boolean, timeoutMs = 120_000): Promise<Answer['body']> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const { body, text } = await this.get(path);
      if (done(body)) return body;
      if (performance.now() > end) throw new Error(`${path} after ${timeoutMs} ms: ${text}\n${this.log.slice(-2000)}`);
      await systemClock.sleep(20);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The numbers on a topic of one partition as a read-committed consumer sees them, in order, up to what was there when it began. */
export async function committedNumbers(topic: string): Promise<number[]> {
  const records = await readCommitted(stack.kafka, topic);
  return records.map(({ value }) => (JSON.parse(String(value)) as { n: number }).n);
}
