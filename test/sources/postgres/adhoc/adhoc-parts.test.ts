import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { parseOffset, stringifyOffset } from '../../../../src/record/offset.ts';
import { CellState, TupleView } from '../../../../src/record/tuple-view.ts';
import { AdhocState } from '../../../../src/sources/postgres/adhoc/adhoc-state.ts';
import { KeySet } from '../../../../src/sources/postgres/adhoc/key-set.ts';
import { RowBuffer } from '../../../../src/sources/postgres/adhoc/row-buffer.ts';
import { RowWatch } from '../../../../src/sources/postgres/adhoc/row-watch.ts';
import { parseSignalText } from '../../../../src/sources/postgres/adhoc/signal-channel.ts';
import { meansTable, readSignal, SignalFault } from '../../../../src/sources/postgres/adhoc/signal.ts';
import { tightLsn } from '../../../../src/sources/postgres/adhoc/snapshot-reader.ts';
import { TransactionView } from '../../../../src/sources/postgres/transaction-view.ts';
import { testConfig, testSettings } from '../test-settings.ts';
import { signalKeys } from '../../../../src/sources/postgres/adhoc/signal-keys.ts';

type Texts = readonly (string | null)[];

function tupleOf(texts: Texts): TupleView {
  const tuple = new TupleView(Math.max(1, texts.length));
  const parts = texts.map((text) => Buffer.from(text ?? ''));
  tuple.bytes = Buffer.concat(parts);
  tuple.count = texts.length;
  let at = 0;
  for (const [cell, part] of parts.entries()) {
    tuple.state[cell] = texts[cell] === null ? CellState.NULL : CellState.TEXT;
    tuple.start[cell] = at;
    at += part.length;
    tuple.end[cell] = at;
  }
  return tuple;
}

const key = fc.array(fc.option(fc.oneof(fc.constantFrom('a', 'b', ''), fc.string())), { minLength: 2, maxLength: 2 });

test('a key set holds what a set of their texts holds, with counts', () => {
  fc.assert(
    fc.property(fc.array(key, { maxLength: 400 }), fc.array(key, { maxLength: 50 }), (added, asked) => {
      const set = new KeySet();
      const model = new Map<string, number>();
      const cells = Uint16Array.of(0, 1);
      for (const texts of added) {
        set.add(tupleOf(texts), cells);
        model.set(JSON.stringify(texts), (model.get(JSON.stringify(texts)) ?? 0) + 1);
      }
      assert.equal(set.size, model.size);
      for (const texts of [...added, ...asked]) assert.equal(set.has(tupleOf(texts), cells, false), model.has(JSON.stringify(texts)));
      for (const texts of added) assert.equal(set.has(tupleOf(texts), cells, true), true);
      for (const texts of added) assert.equal(set.has(tupleOf(texts), cells, true), false);
    }),
    { numRuns: 60 },
  );
});

test('a row buffer gives back what was put into it', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.option(fc.string()), fc.option(fc.string()), fc.option(fc.string({ maxLength: 3000 })))), (rows) => {
      const buffer = new RowBuffer(3);
      for (const row of rows) buffer.add(tupleOf(row));
      assert.equal(buffer.rows, rows.length);
      const tuple = new TupleView(3);
      for (const [index, row] of rows.entries()) {
        assert.deepEqual(buffer.texts(index, 0), row);
        buffer.load(index, tuple, 2);
        assert.equal(tuple.count, 2);
        assert.equal(tuple.state[1], row[1] === null ? CellState.NULL : CellState.TEXT);
      }
    }),
    { numRuns: 60 },
  );
});

test('what was streamed and is not visible yet is noticed; ids that have gone round are old', () => {
  const view = new TransactionView('100:105:102');
  const covered = (...xids: number[]): boolean => {
    const watch = new RowWatch(null);
    for (const xid of xids) watch.begin(xid);
    return watch.isCovered(view);
  };
  assert.equal(covered(99, 100, 101, 104), true);
  assert.equal(covered(99, 102), false);
  assert.equal(covered(105), false);
  assert.equal(covered(0x9000_0000), true);
  assert.equal(new RowWatch(102).isCovered(view), false);
});

test('a place behind the header of an empty page is the end of the page before', () => {
  const [page, segment] = [8192n, 16n * 1024n * 1024n];
  assert.equal(tightLsn(page * 5n + 24n, page, segment), page * 5n);
  assert.equal(tightLsn(page * 5n + 40n, page, segment), page * 5n + 40n);
  assert.equal(tightLsn(segment * 2n + 40n, page, segment), segment * 2n);
  assert.equal(tightLsn(segment * 2n + 24n, page, segment), segment * 2n + 24n);
  assert.equal(tightLsn(page * 5n + 32n, page, segment), page * 5n + 32n);
});

function read(type: string, data: unknown): ReturnType<typeof readSignal> {
  return readSignal({ id: '1', type, data: typeof data === 'string' ? data : JSON.stringify(data) });
}

test('signals: what is understood, and what is said of the rest', () => {
  assert.deepEqual(read('execute-snapshot', { 'data-collections': ['"public"."orders"'], 'additional-condition': 'a = 1' }), {
    kind: 'execute',
    snapshot: 'incremental',
    tables: ['public.orders'],
    conditions: [{ tables: '.*', filter: 'a = 1' }],
    surrogateKey: null,
  });
  assert.deepEqual(read('stop-snapshot', ''), { kind: 'stop', tables: [] });
  assert.equal(read('snapshot-window-open', 'anything').kind, 'ignore');
  const faults: [string, unknown][] = [
    ['execute-snapshot', {}],
    ['execute-snapshot', 'nonsense'],
    ['execute-snapshot', '[]'],
    ['execute-snapshot', { 'data-collections': [1] }],
    ['execute-snapshot', { 'data-collections': ['('] }],
    ['execute-snapshot', { 'data-collections': ['a.b'], type: 'other' }],
    ['execute-snapshot', { 'data-collections': ['a.b'], 'additional-conditions': [{ filter: 'x' }] }],
    ['execute-snapshot', { 'data-collections': ['a.b'], 'surrogate-key': 5 }],
    ['stop-snapshot', { 'data-collections': [''] }],
    ['something', {}],
  ];
  for (const [type, data] of faults) assert.throws(() => read(type, data), SignalFault, JSON.stringify(data));
  for (const text of ['', 'x', '[]', '{}', '{"type":1}']) assert.throws(() => parseSignalText(text, 'id'), SignalFault, text);
  assert.deepEqual(parseSignalText('{"type":"log","data":{"message":"m"}}', 'made'), { id: 'made', type: 'log', data: '{"message":"m"}' });
  assert.equal(meansTable('public.a+b', 'public', 'a+b'), true);
  assert.equal(meansTable('public.o.*', 'public', 'orders'), true);
  assert.equal(meansTable('orders', 'public', 'orders'), false);
});

test('the state of snapshots survives the offset, and what cannot be read of it is begun anew', () => {
  const state = new AdhocState();
  assert.deepEqual(state.toMembers(null, null), {});
  state.taken = 2;
  state.topicOffset = 5n;
  state.requests = [{ id: 'r', snapshot: 'blocking', tables: ['a.b'], conditions: [], surrogateKey: null }];
  state.incremental.correlationId = 'c';
  state.incremental.collections = [{ schema: 'public', table: 'a.b', condition: 'x > 1', surrogateKey: 's', oid: 7, partition: 8 }];
  const progress = { columns: ['id'], last: ['7', null], max: ['9', 'z'], rows: 7 };
  const offset = parseOffset(stringifyOffset(state.toMembers(progress, null)));
  const again = AdhocState.fromOffset(offset);
  assert.deepEqual(again.toMembers(again.incremental.progress, null), state.toMembers(progress, null));
  assert.deepEqual(again.incremental, { ...state.incremental, progress });
  const debezium = AdhocState.fromOffset({
    incremental_snapshot_collections:
      '[{"incremental_snapshot_collections_id":"public.orders","incremental_snapshot_collections_additional_condition":null,"incremental_snapshot_collections_surrogate_key":null}]',
    incremental_snapshot_primary_key: 'aced0005757200135b4c6a6176612e6c616e672e4f626a6563743b',
    incremental_snapshot_correlation_id: 'from debezium',
  });
  assert.deepEqual(debezium.incremental, {
    correlationId: 'from debezium',
    collections: [{ schema: 'public', table: 'orders', condition: null, surrogateKey: null, oid: null, partition: null }],
    progress: null,
  });
  assert.equal(AdhocState.fromOffset({ incremental_snapshot_state: 'broken', incremental_snapshot_collections: '7' }).empty, true);
});

function complaint(name: string, value: string): string | null | undefined {
  return signalKeys.find((candidate) => candidate.name === name)?.check?.(value);
}

function notice(name: string, value: string): string | null | undefined {
  return signalKeys.find((candidate) => candidate.name === name)?.notice?.(value);
}

test('settings of signals', () => {
  const { signals } = testSettings({ 'signal.data.collection': 'shop.public.signals', 'signal.consumer.security.protocol': 'SSL' });
  assert.equal(signals.dataCollection, 'public.signals');
  assert.equal(signals.topic, 'shop-signal');
  assert.equal(signals.consumer.optional('security.protocol'), 'SSL');
  assert.equal(signals.consumer.optional('bootstrap.servers'), null, "the worker's");
  const elsewhere = testSettings({ 'signal.kafka.bootstrap.servers': 'a:1,b:2', 'signal.kafka.topic': 'asked' }).signals;
  assert.deepEqual([elsewhere.consumer.optional('bootstrap.servers'), elsewhere.topic], ['a:1,b:2', 'asked']);
  assert.equal(testConfig().string('signal.enabled.channels'), 'source');
  assert.equal(complaint('signal.enabled.channels', 'source,jmx'), null, 'the channels of a Java process do no harm');
  assert.match(notice('signal.enabled.channels', 'source,jmx') ?? '', /POST \/connectors/);
  assert.equal(notice('signal.enabled.channels', 'source,kafka'), null);
  assert.match(notice('notification.enabled.channels', 'log,jmx') ?? '', /no Java process/);
  assert.match(complaint('signal.enabled.channels', 'pigeon') ?? '', /no channel/);
  assert.equal(complaint('signal.enabled.channels', 'source, kafka,file'), null);
  assert.match(complaint('notification.enabled.channels', 'mail') ?? '', /no channel/);
  assert.match(complaint('signal.data.collection', 'a.b.c.d') ?? '', /schema/);
});
