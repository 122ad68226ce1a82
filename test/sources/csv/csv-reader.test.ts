import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CellState, TupleView } from '../../../src/record/tuple-view.ts';
import { findCharset } from '../../../src/sources/csv/csv-charset.ts';
import { type CsvDialect, rfc4180, wholeLines } from '../../../src/sources/csv/csv-dialect.ts';
import { CsvFault } from '../../../src/sources/csv/csv-fault.ts';
import { fileStart } from '../../../src/sources/csv/csv-reader-start.ts';
import { CsvReader, CsvStep } from '../../../src/sources/csv/csv-reader.ts';
import { dialect, table, writeCsv, writeOptions } from './csv-text.ts';

type Found =
  | { readonly row: (string | null)[] }
  | { readonly fault: CsvFault; readonly line: number; readonly cell: number; readonly raw: string };

interface Read {
  readonly found: Found[];
  /** Position and line after each. */
  readonly places: [number, number][];
}

/** Reads `bytes` in pieces that end at `cuts`. */
function read(bytes: Uint8Array, how: CsvDialect, columns: number, cuts: readonly number[] = []): Read {
  const tuple = new TupleView(1);
  const reader = new CsvReader(how, tuple, { ...fileStart, columns });
  const result: Read = { found: [], places: [] };
  let from = 0;
  for (const to of [...[...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length, -1]) {
    if (to >= 0) {
      reader.room(to - from).set(bytes.subarray(from, to));
      reader.filled(to - from);
      from = to;
    }
    for (;;) {
      const step = reader.next(to < 0);
      if (step === CsvStep.MORE) break;
      result.places.push([reader.position, reader.line]);
      if (step === CsvStep.ROW) result.found.push({ row: cellsOf(tuple) });
      else
        result.found.push({
          fault: reader.fault,
          line: reader.rowLine,
          cell: reader.faultCell,
          raw: Buffer.from(reader.raw).toString('latin1'),
        });
    }
  }
  return result;
}

function cellsOf(tuple: TupleView): (string | null)[] {
  return Array.from({ length: tuple.count }, (_, cell) =>
    tuple.state[cell] === CellState.NULL ? null : Buffer.from(tuple.bytes.subarray(tuple.start[cell], tuple.end[cell])).toString('utf8'),
  );
}

const rowsOf = (text: string, how: CsvDialect = rfc4180, columns = 0): (string | null)[][] =>
  read(Buffer.from(text), how, columns).found.map((each) =>
    'row' in each ? each.row : [`fault ${each.fault} line ${each.line} cell ${each.cell}`],
  );

const cuts = fc.array(fc.nat(2000), { maxLength: 20 });

test('any table in any dialect reads back as itself, however the bytes are cut', () => {
  fc.assert(
    fc.property(table, dialect, writeOptions, cuts, (rows, how, options, where) => {
      const bytes = Buffer.from(writeCsv(rows, how, options));
      const result = read(bytes, how, rows[0]!.length, where);
      assert.deepEqual(
        result.found,
        rows.map((row) => ({ row })),
      );
      const last = result.places.at(-1)!;
      assert.equal(last[0], bytes.length);
      assert.equal(last[1], bytes.toString().split('\n').length - (options.lastLineEnd ? 1 : 0));
    }),
    { numRuns: 500 },
  );
});

test('any bytes at all give the same rows, faults and positions in one piece and byte by byte', () => {
  const noise = fc
    .array(fc.constantFrom(...Buffer.from('a,"\\\r\n'), 0xc3, 0xbc, 0xff), { maxLength: 120 })
    .map((bytes) => Uint8Array.from(bytes));
  const how = { ...rfc4180, escape: 92, rowBytesMax: 24 };
  fc.assert(
    fc.property(noise, fc.integer({ min: 0, max: 3 }), cuts, (bytes, columns, where) => {
      const whole = read(bytes, how, columns);
      assert.deepEqual(read(bytes, how, columns, where), whole);
      assert.deepEqual(read(bytes, how, columns, bytes.length === 0 ? [] : Array.from(bytes, (_, at) => at)), whole);
      for (let at = 1; at < whole.places.length; at += 1) assert.ok(whole.places[at]![0] > whole.places[at - 1]![0]);
    }),
    { numRuns: 1000 },
  );
});

test('reading on from any row gives exactly the rows behind it', () => {
  fc.assert(
    fc.property(table, dialect, writeOptions, fc.nat(), (rows, how, options, pick) => {
      const bytes = Buffer.from(writeCsv(rows, how, options));
      const columns = rows[0]!.length;
      const whole = read(bytes, how, columns);
      const at = pick % rows.length;
      const [position, line] = whole.places[at]!;
      const tuple = new TupleView();
      const reader = new CsvReader(how, tuple, { columns, position, line, midLine: bytes[position - 1] !== 10 });
      reader.room(bytes.length).set(bytes.subarray(position));
      reader.filled(bytes.length - position);
      const rest: (string | null)[][] = [];
      while (reader.next(true) === CsvStep.ROW) rest.push(cellsOf(tuple));
      assert.deepEqual(rest, rows.slice(at + 1));
      assert.deepEqual([reader.position, reader.line], whole.places.at(-1));
    }),
  );
});

test('empty lines are no rows, a lone CR is text, and a byte order mark is none', () => {
  assert.deepEqual(rowsOf('\uFEFFa,b\r\n\r\n\n1,x\ry\r\n'), [
    ['a', 'b'],
    ['1', 'x\ry'],
  ]);
  assert.deepEqual(rowsOf('\uFEFF"a",b'), [['a', 'b']]);
  assert.deepEqual(rowsOf('\uFEFF'), []);
  assert.deepEqual(rowsOf('a,b\r'), [['a', 'b']]);
});

test('quotes inside an unquoted cell are text', () => {
  assert.deepEqual(rowsOf('5" pipe,a""b\n'), [['5" pipe', 'a""b']]);
  assert.deepEqual(rowsOf('"x""y",z\nq,a""b\n'), [
    ['x"y', 'z'],
    ['q', 'a""b'],
  ]);
});

test('which empty cells are null is for the dialect to say, in text columns', () => {
  const both = { ...rfc4180, emptyQuotedIsNull: true };
  assert.deepEqual(rowsOf('a,,""\n'), [['a', null, '']]);
  assert.deepEqual(rowsOf('a,,""\n', both), [['a', null, null]]);
  assert.deepEqual(rowsOf('a,,""\n', { ...rfc4180, emptyUnquotedIsNull: false }), [['a', '', '']]);
  assert.deepEqual(rowsOf('NA,"NA",N,NAN\n', { ...rfc4180, nullTexts: [Buffer.from('NA')] }), [[null, 'NA', 'N', 'NAN']]);
});

test('an empty cell of a column that is not text is null in every dialect', () => {
  const tuple = new TupleView();
  const reader = new CsvReader({ ...rfc4180, emptyUnquotedIsNull: false }, tuple, { ...fileStart, columns: 2 });
  reader.nullable([true, false]);
  reader.filled(reader.room(8).write(',\n"",""\n'));
  reader.next(true);
  assert.deepEqual(cellsOf(tuple), ['', null]);
  reader.next(true);
  assert.deepEqual(cellsOf(tuple), ['', null]);
});

test('a line that is no row costs that line and no other', () => {
  const cases: [string, (string | null)[][]][] = [
    [
      '1,2\n1,2,3\n1\n3,4\n',
      [['1', '2'], [`fault ${CsvFault.RAGGED} line 2 cell -1`], [`fault ${CsvFault.RAGGED} line 3 cell -1`], ['3', '4']],
    ],
    ['1,"a\n2,"b"\n3,c\n', [[`fault ${CsvFault.AFTER_QUOTE} line 1 cell 1`], ['2', 'b'], ['3', 'c']]],
    ['1,"a" b\n2,b\n', [[`fault ${CsvFault.AFTER_QUOTE} line 1 cell 1`], ['2', 'b']]],
    ['1,"a\n2,b\n', [[`fault ${CsvFault.OPEN_QUOTE} line 1 cell 1`], ['2', 'b']]],
    ['1,"a', [[`fault ${CsvFault.OPEN_QUOTE} line 1 cell 1`]]],
    ['"1\n2",x,y\n3,4\n', [[`fault ${CsvFault.RAGGED} line 1 cell -1`], ['3', '4']]],
  ];
  for (const [text, expected] of cases) assert.deepEqual(rowsOf(text, rfc4180, 2), expected, JSON.stringify(text));
});

test('bytes that are not UTF-8 are found in their cell, and the rows around them are read', () => {
  const bytes = Buffer.concat([Buffer.from('1,ä\n2,'), Buffer.from([0xe4, 0x2c]), Buffer.from('\n3,ü\n')]);
  const { found } = read(Buffer.concat([bytes, bytes]), rfc4180, 2);
  assert.deepEqual(found.slice(0, 3), [
    { row: ['1', 'ä'] },
    { fault: CsvFault.ENCODING, line: 2, cell: 1, raw: '2,ä,\n' },
    { row: ['3', 'ü'] },
  ]);
  assert.equal(found.length, 6);
});

test('bytes that are not UTF-8 are found wherever they come in a long file', () => {
  const lines = Array.from({ length: 400 }, (_, at) => (at % 37 === 36 ? Buffer.from([0x31, 0x2c, 0xff, 10]) : Buffer.from(`${at},ä\n`)));
  const bytes = Buffer.concat(lines);
  const how = { ...rfc4180, rowBytesMax: 64 };
  for (const piece of [1, 7, 100]) {
    const { found } = read(
      bytes,
      how,
      2,
      Array.from({ length: Math.floor(bytes.length / piece) }, (_, at) => at * piece),
    );
    assert.deepEqual(
      found.flatMap((each, at) => ('fault' in each ? [at] : [])),
      Array.from({ length: 10 }, (_, at) => at * 37 + 36),
    );
  }
});

test('a line longer than the bound is passed over, with its beginning kept', () => {
  const how = { ...rfc4180, rowBytesMax: 64 };
  const exact = `1,${'x'.repeat(62)}`;
  const { found, places } = read(Buffer.from(`${exact}\n${exact}y\n${'z'.repeat(3_000_000)}\n2,b\n`), how, 2, [70, 140, 1_000_000]);
  assert.deepEqual(
    found.map((each) => ('row' in each ? each.row[0] : [each.fault, each.line])),
    ['1', [CsvFault.TOO_LONG, 2], [CsvFault.TOO_LONG, 3], '2'],
  );
  assert.equal(places.at(-1)![0], 65 + 66 + 3_000_001 + 4);
  assert.deepEqual(rowsOf(exact, how, 2), [['1', 'x'.repeat(62)]]);
});

test('a quote that is never closed is given up at the bound, and its lines are read one by one', () => {
  const lines = Array.from({ length: 50 }, (_, at) => `${at},x`);
  const rows = rowsOf(`0,"open\n${lines.join('\n')}\n`, { ...rfc4180, rowBytesMax: 64 }, 2);
  assert.deepEqual(rows, [[`fault ${CsvFault.OPEN_QUOTE} line 1 cell 1`], ...lines.map((line) => line.split(','))]);
});

/** Reads on behind `1,2` without its line feed. */
const behindHalfLine = (text: string): (string | null)[][] => {
  const tuple = new TupleView();
  const reader = new CsvReader(rfc4180, tuple, { columns: 2, position: 3, line: 1, midLine: true });
  reader.filled(reader.room(text.length).write(text));
  const found: (string | null)[][] = [];
  for (let step = reader.next(true); step !== CsvStep.MORE; step = reader.next(true)) {
    found.push(step === CsvStep.ROW ? [...cellsOf(tuple), `line ${reader.rowLine}`] : [`fault ${reader.fault}`, `line ${reader.rowLine}`]);
  }
  return found;
};

test('text behind a last line that was taken as whole is refused, its line feed is not', () => {
  assert.deepEqual(behindHalfLine('\n3,4\n'), [['3', '4', 'line 2']]);
  assert.deepEqual(behindHalfLine('\r\n3,4\n'), [['3', '4', 'line 2']]);
  assert.deepEqual(behindHalfLine('9\n3,4\n'), [
    [`fault ${CsvFault.CONTINUED}`, 'line 1'],
    ['3', '4', 'line 2'],
  ]);
});

const widthOf = (charset: string, text: string): number => {
  const bytes = Buffer.from(text);
  return findCharset(charset)!.widthOf!(bytes, 0, bytes.length);
};

test('the width in the file is counted from the UTF-8 form', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      assert.equal(widthOf('UTF-16LE', text), Buffer.from(text, 'utf16le').length);
    }),
  );
  assert.equal(widthOf('ISO-8859-1', 'a€ü'), 3);
  assert.equal(findCharset('UTF8')!.name, 'utf-8');
  assert.equal(findCharset('ISO8859_1')!.name, 'windows-1252');
  assert.equal(findCharset('Shift_JIS')!.whole, true);
  assert.equal(findCharset('klingon'), null);
});

test('whole lines end in LF, CRLF or CR, however the bytes are cut, and reading on from any of them gives those behind it', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'é', ',', '"', ' ', '\r', '\n', '\r\n'), { maxLength: 40 }), cuts, (parts, where) => {
      const text = parts.join('');
      const expected = text.split(/\r\n|\n|\r/);
      if (expected.at(-1) === '') expected.pop();
      const bytes = Buffer.from(text);
      const all = read(bytes, wholeLines, 1, where);
      assert.deepEqual(
        all.found.map((each) => ('row' in each ? each.row : each)),
        expected.map((line) => [line]),
      );
      for (const [at, [position]] of all.places.entries()) {
        assert.deepEqual(read(bytes.subarray(position), wholeLines, 1).found, all.found.slice(at + 1));
      }
    }),
  );
});

test('a line too long is passed over up to its own end, which may be a CR', () => {
  const how = { ...wholeLines, rowBytesMax: 64 };
  assert.deepEqual(
    rowsOf(`one\r${'x'.repeat(200)}\rtwo\r\nthree`, how, 1).map((row) => row[0]!.slice(0, 7)),
    ['one', 'fault 5', 'two', 'three'],
  );
});
