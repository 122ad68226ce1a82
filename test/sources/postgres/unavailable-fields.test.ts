import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ByteSink } from '../../../src/base/byte-sink.ts';
import { HeaderEncoder } from '../../../src/connect/header-encoder.ts';
import type { Change } from '../../../src/record/change.ts';
import { SourceRegister } from '../../../src/sources/postgres/registers.ts';
import { intType, textType, unchanged, WalScript, type ScriptCell, type ScriptTable } from '../../support/wal-script.ts';
import { DecoderFixture } from './decoder-fixture.ts';

const long = 'ü"'.repeat(31);
const documents: ScriptTable = {
  id: 16_400,
  schema: 'public',
  name: 'documents',
  identity: 'd',
  columns: [
    { name: 'id', type: intType, key: true },
    ...['a', 'b"', 'c\\', ...Array.from({ length: 9 }, (_, at) => `${long}${at}`)].map((name) => ({ name, type: textType })),
  ],
};

/** What the header says at each record; null: there is none. */
async function listed(wal: WalScript, settings: Readonly<Record<string, string>>): Promise<unknown[]> {
  const fixture = new DecoderFixture([documents], { settings });
  const found: unknown[] = [];
  const emit = fixture.out.emit.bind(fixture.out);
  fixture.out.emit = (change: Change) => {
    const { registers } = change;
    const [start, end] = [registers.start[SourceRegister.UNAVAILABLE], registers.end[SourceRegister.UNAVAILABLE]];
    const text = Buffer.from(registers.bytes.subarray(start, end)).toString();
    found.push(registers.present[SourceRegister.UNAVAILABLE] === 1 ? JSON.parse(text) : null);
    return emit(change);
  };
  await fixture.feed(wal.frames);
  return found;
}

const rest = documents.columns.slice(4).map(() => 'x');

test('an update lists the fields that were not sent, in any number and under any name', async () => {
  const wal = new WalScript().begin(1).relation(documents);
  wal.update(documents, ['1', unchanged, 'x', 'y', ...rest]).update(documents, ['1', 'x', unchanged, unchanged, ...rest]);
  wal.update(documents, ['1', 'x', 'y', 'z', ...rest]).update(documents, ['1', null, null, 'z', ...rest.map((): ScriptCell => unchanged)]);
  wal.insert(documents, ['2', 'x', 'y', 'z', ...rest]).commit();
  const settings = { 'unavailable.fields.header': 'unavailable' };
  assert.deepEqual(await listed(wal, settings), [['a'], ['b"', 'c\\'], null, documents.columns.slice(4).map(({ name }) => name), null]);
  assert.deepEqual(
    await listed(wal, { ...settings, 'column.exclude.list': 'public.documents.a' }).then((all) => all[0]),
    null,
    'nobody sees it',
  );
  assert.ok((await listed(wal, {})).every((each) => each === null));
});

test('a header whose register has no value is left out', async () => {
  const { change } = new DecoderFixture([documents]);
  const header = new HeaderEncoder([{ name: 'h', value: Buffer.from('v'), presence: null, register: SourceRegister.UNAVAILABLE }]);
  const written = (): string => {
    const out = new ByteSink(Buffer.alloc(64));
    header.encode(change, out);
    return out.bytes.subarray(0, out.at).toString('hex');
  };
  assert.equal(written(), '');
  change.registers.setText(SourceRegister.UNAVAILABLE, 0, 0);
  assert.equal(written(), `0202${Buffer.from('h').toString('hex')}02${Buffer.from('v').toString('hex')}`);
});
