import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AssertionError } from '../../../src/base/assert.ts';
import { ConnectError } from '../../../src/base/errors.ts';
import { Config } from '../../../src/connect/config.ts';
import { ClientConfig } from '../../../src/kafka/client-config.ts';
import { Cluster } from '../../../src/kafka/cluster.ts';
import { Transaction, transactionTransitions } from '../../../src/sinks/kafka/transaction.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const fencedCode = 47;

function newTransaction(clock: ManualClock): Transaction {
  const cluster = new Cluster(new ClientConfig(Config.of({ 'bootstrap.servers': 'nowhere:1' })), clock);
  return new Transaction(cluster, { transactionalId: 't', timeoutMs: 60_000, blockMsMax: 0 }, clock);
}

test('no event leads out of a failed or fenced incarnation', () => {
  for (const [event, next] of Object.entries(transactionTransitions.fenced)) assert.ok(next === 'illegal' || next === 'fenced', event);
  for (const [event, next] of Object.entries(transactionTransitions.failed))
    assert.ok(['illegal', 'failed', 'fenced'].includes(next), event);
});

test('only begin, end, ended goes round; each other order is a fault of the program', () => {
  assert.equal(transactionTransitions.ready.begin, 'open');
  assert.equal(transactionTransitions.open.end, 'ending');
  assert.equal(transactionTransitions.ending.ended, 'ready');
  assert.throws(() => newTransaction(new ManualClock()).begin(), AssertionError);
});

test('sequences count records by partition and wrap where the protocol does', () => {
  const transaction = newTransaction(new ManualClock());
  assert.equal(transaction.takeSequence('a', 0, 10), 0);
  assert.equal(transaction.takeSequence('a', 0, 5), 10);
  assert.equal(transaction.takeSequence('a', 1, 1), 0);
  assert.equal(transaction.takeSequence('b', 0, 1), 0);
  assert.equal(transaction.takeSequence('a', 0, 2 ** 31 - 16), 15);
  assert.equal(transaction.takeSequence('a', 0, 3), 2 ** 31 - 1);
  assert.equal(transaction.takeSequence('a', 0, 1), 2);
});

test('an old epoch is fencing, and stays so', () => {
  const transaction = newTransaction(new ManualClock());
  const refusal = transaction.refusal(fencedCode, 'write');
  assert.ok(refusal instanceof ConnectError);
  assert.equal(refusal.code, 'kafka.fenced');
  assert.equal(transaction.state, 'fenced');
});
