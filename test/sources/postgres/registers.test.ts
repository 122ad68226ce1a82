import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { Change } from '../../../src/record/change.ts';
import { nextRowSchemaId } from '../../../src/record/row-schema.ts';
import { registerCount, SnapshotMarker, SourceRegister, SourceRegisters, writeUnsigned } from '../../../src/sources/postgres/registers.ts';
import { propertySettings } from '../../support/property.ts';

function registersOf(): { change: Change; registers: SourceRegisters } {
  const change = new Change({ id: nextRowSchemaId(), name: '', columns: [], key: new Uint16Array(0) }, registerCount, () => '');
  return { change, registers: new SourceRegisters(change) };
}

function integer(change: Change, register: number): bigint | null {
  const { present, high, low } = change.registers;
  return present[register] === 1 ? (BigInt(high[register] ?? 0) << 32n) | BigInt((low[register] ?? 0) >>> 0) : null;
}

function text(change: Change, register: number): string | null {
  const { present, bytes, start, end } = change.registers;
  return present[register] === 1 ? Buffer.from(bytes.subarray(start[register], end[register])).toString() : null;
}

const halves = fc
  .bigInt({ min: 0n, max: (1n << 64n) - 1n })
  .map((value) => ({ value, high: Number(value >> 32n), low: Number(value & 0xffff_ffffn) }));

test('64-bit numbers become the digits that BigInt prints', () => {
  fc.assert(
    fc.property(halves, fc.nat(63), ({ value: random }, shift) => {
      for (const value of [
        random,
        random >> BigInt(shift),
        1n << BigInt(shift),
        (1n << BigInt(shift)) - 1n,
        10n ** BigInt(shift % 20),
        10n ** BigInt(shift % 20) - 1n,
      ]) {
        const bytes = new Uint8Array(24);
        const end = writeUnsigned(bytes, 2, Number(value >> 32n) | 0, Number(value & 0xffff_ffffn) | 0);
        assert.equal(Buffer.from(bytes.subarray(2, end)).toString(), value.toString());
      }
    }),
    propertySettings(),
  );
});

test('the sequence holds the last commit and the event, whatever their lengths', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.option(halves, { nil: null }), halves), { minLength: 1, maxLength: 6 }), (steps) => {
      const { change, registers } = registersOf();
      registers.setSnapshotMarker(SnapshotMarker.INCREMENTAL);
      for (const [commit, event] of steps) {
        if (commit === null) registers.clearLastCommitLsn();
        else registers.setLastCommitLsn(commit.high, commit.low);
        registers.setLsn(event.high, event.low);
        const wanted = JSON.stringify([commit === null ? null : commit.value.toString(), event.value.toString()]);
        assert.equal(text(change, SourceRegister.SEQUENCE), wanted);
        assert.equal(text(change, SourceRegister.SNAPSHOT), 'incremental', 'other texts stay as they are');
      }
    }),
    propertySettings(),
  );
});

test('the sequence follows events that lie close together, over every carry', () => {
  fc.assert(
    fc.property(halves, fc.nat(63), fc.array(fc.nat(3_000_000), { maxLength: 20 }), ({ value }, shift, steps) => {
      const { change, registers } = registersOf();
      let lsn = value >> BigInt(shift);
      for (const step of steps) {
        lsn = BigInt.asUintN(64, lsn + BigInt(step));
        registers.setLsn(Number(lsn >> 32n), Number(lsn & 0xffff_ffffn));
        assert.equal(text(change, SourceRegister.SEQUENCE), JSON.stringify([null, lsn.toString()]));
      }
    }),
    propertySettings(),
  );
});

test('one time in milliseconds, microseconds and nanoseconds', () => {
  fc.assert(
    fc.property(fc.integer({ min: -9_000_000_000_000, max: 9_000_000_000_000 }), fc.nat(999), (ms, rest) => {
      const { change, registers } = registersOf();
      registers.beginTransaction(ms * 1000 + rest, 731);
      registers.setProcessingTime(ms);
      const micros = BigInt(ms) * 1000n + BigInt(rest);
      assert.equal(integer(change, SourceRegister.SOURCE_TS_MS), BigInt(ms));
      assert.equal(integer(change, SourceRegister.SOURCE_TS_US), micros);
      assert.equal(integer(change, SourceRegister.SOURCE_TS_NS), BigInt.asIntN(64, micros * 1000n));
      assert.equal(integer(change, SourceRegister.TS_NS), BigInt.asIntN(64, BigInt(ms) * 1_000_000n));
      assert.equal(integer(change, SourceRegister.TX_ID), 731n);
    }),
    propertySettings(),
  );
});

test('markers, origins, transaction ids beyond 2^31', () => {
  const { change, registers } = registersOf();
  registers.beginTransaction(0, 4_000_000_000);
  assert.equal(integer(change, SourceRegister.TX_ID), 4_000_000_000n);
  registers.outsideTransaction(0, 0, 0);
  assert.equal(integer(change, SourceRegister.TX_ID), null);
  registers.setSnapshotMarker(SnapshotMarker.LAST_IN_DATA_COLLECTION);
  assert.equal(text(change, SourceRegister.SNAPSHOT), 'last_in_data_collection');
  assert.equal(text(change, SourceRegister.ORIGIN), null);
  registers.setOrigin(new TextEncoder().encode('xxnodexx'), 2, 6, 1, 2);
  assert.equal(text(change, SourceRegister.ORIGIN), 'node');
  assert.equal(integer(change, SourceRegister.ORIGIN_LSN), 0x1_0000_0002n);
  registers.clearOrigin();
  assert.equal(text(change, SourceRegister.ORIGIN), null);
});
