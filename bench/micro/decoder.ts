import type { ChangeOutlet } from '../../src/connect/source.ts';
import { Change } from '../../src/record/change.ts';
import { nextRowSchemaId } from '../../src/record/row-schema.ts';
import { TypeCatalog } from '../../src/sources/postgres/catalog.ts';
import { FrameReader, type FrameHandler } from '../../src/sources/postgres/frame-reader.ts';
import { Decoded, PgoutputDecoder } from '../../src/sources/postgres/pgoutput-decoder.ts';
import { startPoint } from '../../src/sources/postgres/position.ts';
import { registerCount, SourceRegisters } from '../../src/sources/postgres/registers.ts';
import { RelationCache } from '../../src/sources/postgres/relation-cache.ts';
import { RowEmitter } from '../../src/sources/postgres/row-emitter.ts';
import { SnapshotFilter } from '../../src/sources/postgres/snapshot-filter.ts';
import { StreamPosition } from '../../src/sources/postgres/stream-position.ts';
import { TableFilter } from '../../src/sources/postgres/table-filter.ts';
import { testSettings } from '../../test/sources/postgres/decoder-fixture.ts';
import { copyData, intType, textType, WalScript, type ScriptTable } from '../../test/support/wal-script.ts';
import type { MicroBenchmark } from './micro-benchmark.ts';

const cells = [
  ['184467440737', '4021', '2026-07-14 08:15:30.123456', '2026-07-14 08:31:02', '2026-07-14 08:15:30.123456+00', '2026-07-14', '2'],
  ['12.75', 'N', 'Upper West Side South', 'Midtown Center', 'credit card', '1234.50', '3.1', 't'],
].flat();
const readBytes = 64 * 1024;

export interface DecoderWork {
  readonly rows: number;
  /** From the bytes of a read to `emit`: cutting messages, decoding 15 columns, moving the position. Made anew for each pass. */
  prepare(): Promise<() => void>;
}

/** `rows` inserts into some tables in turn, in transactions of `perTransaction`. */
export function decoderWork(rows: number, tableCount: number, perTransaction: number): DecoderWork {
  const tables = Array.from({ length: tableCount }, (_, at): ScriptTable => ({
    id: 16_384 + at * 7,
    schema: 'public',
    name: `rides${at}`,
    identity: 'd',
    columns: cells.map((_cell, index) => ({ name: `c${index}`, type: index === 0 ? intType : textType, key: index === 0 })),
  }));
  const relations = new WalScript(0x3_1000_0000n).begin(1);
  for (const table of tables) relations.relation(table);
  relations.commit();
  const wal = new WalScript(relations.commitEnd);
  for (let row = 0; row < rows; row += 1) {
    if (row % perTransaction === 0) wal.begin(row + 2, perTransaction);
    wal.insert(tables[row % tableCount] as ScriptTable, cells);
    if (row % perTransaction === perTransaction - 1) wal.commit();
  }
  const bytes = copyData(wal.frames);
  return {
    rows,
    prepare: async () => {
      const pass = new Pass();
      pass.reader.append(copyData(relations.frames));
      while (pass.reader.closed) {
        await pass.relations.resolve(pass.out);
        pass.reader.open();
      }
      return () => {
        for (let from = 0; from < bytes.length; from += readBytes) pass.reader.append(bytes.subarray(from, from + readBytes));
        if (pass.emitted !== rows) throw new Error(`${pass.emitted} rows instead of ${rows}`);
      };
    },
  };
}

class Pass implements FrameHandler {
  readonly reader = new FrameReader(this);
  readonly relations: RelationCache;
  readonly #decoder: PgoutputDecoder;
  emitted = 0;

  constructor() {
    const settings = testSettings({ 'table.include.list': '' });
    const position = new StreamPosition(startPoint(0n));
    const change = new Change({ id: nextRowSchemaId(), name: '', columns: [], key: new Uint16Array(0) }, registerCount, () => '');
    const shown = SnapshotFilter.parse(null, () => true);
    const types = new TypeCatalog();
    this.relations = new RelationCache(
      settings,
      new TableFilter(settings),
      { table: async () => null, types: async () => types },
      change,
      shown,
    );
    const emitter = new RowEmitter(change, this.out, position, shown, settings);
    const registers = new SourceRegisters(change);
    this.#decoder = new PgoutputDecoder({ change, registers, relations: this.relations, emitter, position, out: this.out, shown });
  }

  readonly out: ChangeOutlet = {
    declare: async () => {},
    emit: () => {
      this.emitted += 1;
      return true;
    },
    boundary: () => true,
    reject: () => true,
    drained: async () => {},
  };

  arrived(): void {}

  frame(frame: Buffer, start: number, end: number): boolean {
    return this.#decoder.decode(frame, start, end) === Decoded.NEXT;
  }

  other(): void {}

  closed(): void {}

  failed(error: unknown): void {
    throw error;
  }
}

export function decoderBenchmarks(): readonly MicroBenchmark[] {
  const rows = 5000;
  return [1, 50].map((tables) => {
    const work = decoderWork(rows, tables, 1000);
    return {
      name: `pgoutput decoder, 15 columns, ${tables} tables`,
      unit: 'row',
      units: rows,
      run: async () => (await work.prepare())(),
    };
  });
}
