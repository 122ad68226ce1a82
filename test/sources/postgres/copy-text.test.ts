import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { CellState, TupleView } from '../../../src/record/tuple-view.ts';
import { CopyText } from '../../../src/sources/postgres/copy-text.ts';
import { propertySettings } from '../../support/property.ts';

type Cells = (string | null)[];

/** What Postgres writes in COPY text format (CopyAttributeOutText). */
function escaped(cell: string | null): string {
  if (cell === null) return '\\N';
  const names: Record<string, string> = { '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v', '\\': '\\\\' };
  return cell.replaceAll(/[\b\f\n\r\t\v\\]/g, (character) => names[character] ?? character);
}

function read(chunks: readonly Uint8Array[], columns: number, room: () => boolean = () => true): { rows: Cells[]; early: number } {
  const tuple = new TupleView(1);
  const rows: Cells[] = [];
  const onRow = (): boolean => {
    rows.push(
      Array.from({ length: columns }, (_, cell) =>
        tuple.state[cell] === CellState.NULL
          ? null
          : Buffer.from(tuple.bytes.subarray(tuple.start[cell], tuple.end[cell])).toString('utf8'),
      ),
    );
    return room();
  };
  const reader = new CopyText(
    tuple,
    Int16Array.from({ length: columns }, (_, index) => index),
    columns,
    onRow,
  );
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const taken = reader.push(chunk, at);
      assert.ok(taken > at || rows.length > 0, 'a reader that takes nothing has handed over a row');
      at = taken;
    }
  }
  const early = rows.length;
  reader.flush();
  return { rows, early };
}

const cellText = fc.string({
  unit: fc.constantFrom('a', '\\', 'N', '\n', '\t', '\r', 'x', '4', '1', '\b', '\f', '\v', 'é', '€', '𐍈', '.', '"'),
});
const cell = fc.option(cellText, { nil: null, freq: 4 });
const table = fc
  .integer({ min: 1, max: 5 })
  .chain((columns) => fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { maxLength: 8 }));

test('rows come out as they went in, however the data is cut', () => {
  fc.assert(
    fc.property(table, fc.array(fc.nat(40)), fc.nat(3), (rows, cuts, every) => {
      const columns = rows[0]?.length ?? 1;
      const bytes = new TextEncoder().encode(rows.map((row) => `${row.map(escaped).join('\t')}\n`).join(''));
      const chunks: Uint8Array[] = [];
      let at = 0;
      for (const cut of cuts) {
        // A copy that is overwritten later: a chunk is only borrowed.
        chunks.push(bytes.slice(at, at + cut));
        at += cut;
      }
      chunks.push(bytes.slice(at));
      let count = 0;
      const result = read(chunks, columns, () => ++count % (every + 1) !== 0);
      assert.deepEqual(result.rows, rows);
      assert.equal(result.early, Math.max(0, rows.length - 1), 'the last row waits for the end');
    }),
    propertySettings(),
  );
});

function readCell(text: string): Cells | undefined {
  return read([new TextEncoder().encode(`${text}\n`)], 1).rows[0];
}

test('octal and hexadecimal escapes', () => {
  assert.deepEqual(readCell('\\101\\x42\\x4a'), ['ABJ']);
  assert.deepEqual(readCell('\\1018'), ['A8']);
  assert.deepEqual(readCell('\\60x'), ['0x']);
  assert.deepEqual(readCell('\\x5'), ['\u0005']);
  assert.deepEqual(readCell('\\xyz'), ['xyz']);
  assert.deepEqual(readCell('\\q\\.'), ['q.']);
});

test('\\N is NULL only when it is the whole cell', () => {
  assert.deepEqual(read([new TextEncoder().encode('\\N\t\\\\N\t\n')], 3).rows, [[null, '\\N', '']]);
});

test('a row that ends too early, or has other columns than asked for, is an error', () => {
  assert.throws(() => read([new TextEncoder().encode('1\t2')], 2), { code: 'postgres.protocol' });
  assert.throws(() => read([new TextEncoder().encode('1\n')], 2), { code: 'postgres.protocol' });
});

test('a wire column that the tuple does not keep is still there by its range', () => {
  const tuple = new TupleView(1);
  let seen = '';
  const reader: CopyText = new CopyText(tuple, Int16Array.from([0, -1]), 1, () => {
    seen = Buffer.from(reader.bytes.subarray(reader.start[1], reader.end[1])).toString();
    return true;
  });
  reader.push(new TextEncoder().encode('a\t(0,7)\n'));
  reader.flush();
  assert.equal(seen, '(0,7)');
  assert.equal(tuple.count, 1);
});
