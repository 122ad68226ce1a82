import type { Admin } from 'kafkajs';

import { CommittedReader } from '../support/committed-reader.ts';
import type { CommittedRecord } from '../support/committed-reader.ts';
import { kafkaClient } from '../support/kafka-client.ts';
import { stack } from '../support/stack.ts';

export interface PeerRecords {
  readonly theirs: readonly CommittedRecord[];
  readonly ours: readonly CommittedRecord[];
}

/** Heartbeats and transactions of others come by the clock, of some tables they write more. */
const uncounted = /beat|transaction|-tx|\.tx|parts|signals_/;
const watermark = 'millrace.watermark';
const uncountedNote = /TABLE_CHUNK_|IN_PROGRESS|(in_progress|scanned_collection)[^a-z]{1,9}public\.parts/s;

/** All topics of a connector have its name somewhere in theirs; they go when all connectors of the run have gone, or these would make them again. */
export class PeerTopics implements AsyncDisposable {
  readonly #kafka = kafkaClient(stack.kafka);
  readonly #run: string;

  /** `run`: a part of all names of connectors. */
  constructor(run: string) {
    this.#run = run;
  }

  /** Everything that both wrote. */
  async read(theirs: string, ours: string, rename: (text: string) => string, isComplete: boolean): Promise<PeerRecords> {
    const [their, our] = [(await this.#named(theirs)).filter(isWritten), (await this.#named(ours)).filter(isWritten)];
    if (their.length === 0 || our.length === 0) return { theirs: [], ours: [] };
    await using left = await CommittedReader.open(their, 120_000, false);
    await using right = await CommittedReader.open(our, 120_000, false);
    const end = performance.now() + (isComplete ? 120_000 : 0);
    // The marks behind the one that all have confirmed may still be on their way.
    do await Promise.all([left.toEnd(), right.toEnd()]);
    while (counts(left.records, rename) !== counts(right.records, rename) && performance.now() < end);
    return { theirs: left.records, ours: right.records };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const topics = await this.#named(this.#run);
    if (topics.length > 0) await this.#admin((admin) => admin.deleteTopics({ topics, timeout: 30_000 }));
  }

  async #named(name: string): Promise<string[]> {
    return (await this.#admin((admin) => admin.listTopics())).filter((topic) => topic.includes(name));
  }

  async #admin<Answer>(ask: (admin: Admin) => Promise<Answer>): Promise<Answer> {
    const admin = this.#kafka.admin();
    await admin.connect();
    try {
      return await ask(admin);
    } finally {
      await admin.disconnect();
    }
  }
}

/** By a connector: it reads its signals. */
function isWritten(topic: string): boolean {
  return !topic.endsWith('-signal');
}

function counts(records: readonly CommittedRecord[], rename: (text: string) => string): string {
  const byTopic = new Map<string, number>();
  for (const { topic, rawKey, rawValue, headers } of records) {
    if (rawKey?.includes(watermark) === true) continue;
    if (uncounted.test(topic) || (topic.endsWith('-notes') && uncountedNote.test(rawValue?.toString('latin1') ?? JSON.stringify(headers))))
      continue;
    byTopic.set(rename(topic), (byTopic.get(rename(topic)) ?? 0) + 1);
  }
  return [...byTopic]
    .map(([topic, count]) => `${topic} ${count}`)
    .toSorted()
    .join();
}
