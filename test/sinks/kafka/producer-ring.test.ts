import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import fc from 'fast-check';
import { ConnectError } from '../../../src/base/errors.ts';
import { Config } from '../../../src/connect/config.ts';
import { ClientConfig } from '../../../src/kafka/client-config.ts';
import { Cluster } from '../../../src/kafka/cluster.ts';
import { initProducerIdApi } from '../../../src/sinks/kafka/produce-api.ts';
import type { ProducerAnswer, ProducerIdentity } from '../../../src/sinks/kafka/produce-api.ts';
import { ProducerRing } from '../../../src/sinks/kafka/producer-ring.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const fencedCode = 90;

/** What a transaction coordinator does about epochs; its answers come when the schedule says so. */
class Coordinator {
  /** Who committed, in order. */
  readonly committed: string[] = [];
  readonly ids = new Set<string>();
  /** Who was the last to take the first id. */
  holder = '';
  readonly #epochs = new Map<string, number>();
  readonly #schedule: (doing: string) => Promise<void>;
  readonly #onCommit: (name: string) => void;

  constructor(schedule: (doing: string) => Promise<void>, onCommit: (name: string) => void) {
    this.#schedule = schedule;
    this.#onCommit = onCommit;
  }

  /** The incarnation `name` of one sink. */
  ring(name: string): ProducerRing {
    const clock = new ManualClock();
    const cluster = new Cluster(new ClientConfig(Config.of({ 'bootstrap.servers': 'nowhere:1' })), clock);
    mock.method(cluster, 'feature', () => 2);
    mock.method(cluster, 'transactionCoordinator', () => Promise.resolve(0));
    mock.method(cluster, 'call', async (_broker: number, _doing: string, api: unknown, ...args: unknown[]) => {
      await this.#schedule(`request of ${name}`);
      const answer =
        api === initProducerIdApi
          ? this.#initialize(name, args[0] as string, args[2] as ProducerIdentity | undefined)
          : this.#end(name, args[0] as string, args[1] as ProducerIdentity);
      await this.#schedule(`answer to ${name}`);
      return answer;
    });
    const transaction = { transactionalId: 'id', timeoutMs: 60_000, blockMsMax: 0 };
    return new ProducerRing(cluster, transaction, { requestBytesMax: 1, deliveryTimeoutMs: 1, onBatchTooLarge: () => undefined }, clock);
  }

  #initialize(name: string, id: string, expected: ProducerIdentity | undefined): ProducerAnswer {
    const nobody = { id: -1n, epoch: -1 };
    if (expected !== undefined && expected.epoch !== this.#epochs.get(id)) return { errorCode: fencedCode, producer: nobody };
    this.ids.add(id);
    if (id === 'id') this.holder = name;
    return { errorCode: 0, producer: this.#next(id) };
  }

  #end(name: string, id: string, { epoch }: ProducerIdentity): { errorCode: number; next: ProducerIdentity | null } {
    if (epoch !== this.#epochs.get(id)) return { errorCode: fencedCode, next: null };
    this.#onCommit(name);
    this.committed.push(name);
    return { errorCode: 0, next: this.#next(id) };
  }

  #next(id: string): ProducerIdentity {
    const epoch = (this.#epochs.get(id) ?? -1) + 1;
    this.#epochs.set(id, epoch);
    return { id: 1n, epoch };
  }
}

const immediately = (): Promise<void> => Promise.resolve();

/** `again`: the incarnation was fenced by one that is fenced itself, and may start anew. */
async function commit(ring: ProducerRing): Promise<boolean | 'again'> {
  const turn = ring.next();
  turn.transaction.begin();
  try {
    await turn.transaction.end(true);
    return true;
  } catch (error) {
    assert.ok(error instanceof ConnectError && error.code === 'kafka.fenced', String(error));
    return (await ring.isLatest(turn)) && 'again';
  }
}

test('the commits of an incarnation take turns over its ids, the first of which is the one it was given', async () => {
  const coordinator = new Coordinator(immediately, () => undefined);
  const ring = coordinator.ring('only');
  await ring.initialize(new AbortController().signal);
  const turns = [0, 1, 2, 3].map(() => ring.next().transaction);
  assert.equal(turns[0]?.options.transactionalId, 'id');
  assert.equal(new Set(turns.slice(0, 3)).size, 3);
  assert.equal(turns[3], turns[0]);
  assert.deepEqual([...coordinator.ids], ['id', 'id-b', 'id-c']);
});

test('an incarnation is fenced by the next one however many commits it has made', async () => {
  for (const commits of [0, 1, 2, 3]) {
    const coordinator = new Coordinator(immediately, () => undefined);
    const [old, next] = [coordinator.ring('old'), coordinator.ring('next')];
    await old.initialize(new AbortController().signal);
    for (let count = 0; count < commits; count += 1) assert.equal(await commit(old), true);
    await next.initialize(new AbortController().signal);
    assert.equal(await commit(old), false, `after ${commits} commits`);
    for (let count = 0; count < 4; count += 1) assert.equal(await commit(next), true);
  }
});

test('whichever way the requests of incarnations mix, each commit is by one that has read all commits before it, and one wins', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(fc.nat({ max: 5 }), { minLength: 2, maxLength: 4 }), async (scheduler, plans) => {
      const known = new Map<string, number>();
      const coordinator = new Coordinator(
        (doing) => scheduler.schedule(Promise.resolve(), doing).then(() => undefined),
        (name) => {
          assert.equal(
            known.get(name),
            coordinator.committed.length,
            `${name} commits without having read ${String(coordinator.committed)}`,
          );
          known.set(name, coordinator.committed.length + 1);
        },
      );
      const done = new Set<string>();
      const incarnations = plans.map(async (commits, index) => {
        const name = `incarnation ${index}`;
        const open = async (): Promise<ProducerRing> => {
          const ring = coordinator.ring(name);
          await ring.initialize(new AbortController().signal);
          known.set(name, coordinator.committed.length);
          return ring;
        };
        await scheduler.schedule(Promise.resolve(), `start of ${name}`);
        let ring = await open();
        for (let count = 0; count < commits;) {
          const outcome = await commit(ring);
          if (outcome === false) return;
          if (outcome === true) count += 1;
          else ring = await open();
        }
        done.add(name);
      });
      await scheduler.waitFor(Promise.all(incarnations));
      assert.ok(done.has(coordinator.holder), `${coordinator.holder} was the last to start and is fenced`);
    }),
    { numRuns: 300 },
  );
});
