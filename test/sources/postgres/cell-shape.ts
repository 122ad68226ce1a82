import { avroSchemaText } from '../../../src/avro/avro-schema.ts';
import { avroValueWriter } from '../../../src/avro/avro-value-writer.ts';
import { ByteSink } from '../../../src/base/byte-sink.ts';
import { Change, TupleRef } from '../../../src/record/change.ts';
import type { Schema } from '../../../src/record/schema.ts';
import { CellState } from '../../../src/record/tuple-view.ts';
import type { PostgresSettings } from '../../../src/sources/postgres/settings.ts';
import { buildTableShape } from '../../../src/sources/postgres/table-shape.ts';
import type { TypeCatalog } from '../../../src/sources/postgres/type-catalog.ts';
import { RowEncoder } from '../../../src/text/row-encoder.ts';
import { compileRow, type ValueWriter } from '../../../src/text/row-program.ts';
import { plainDecoder } from '../../support/plain-decoder.ts';

const nothing = new Uint8Array(0);

/** A column of one type and what its cells become, as in a table of that one column. */
export class CellShape {
  readonly schema: Schema;
  readonly schemaText: string;
  readonly #encode: (text: string | null, writer: ValueWriter) => Buffer;
  readonly #decoder: ReturnType<typeof plainDecoder>;

  constructor(types: TypeCatalog, settings: PostgresSettings, typeOid: number, typmod = -1) {
    const wireColumns = [{ name: 'c', typeOid, typmod, isKey: false }];
    const { rowSchema } = buildTableShape({ schema: 'public', table: 't', wireColumns, info: null, types, settings });
    const schema = rowSchema.columns[0]?.schema;
    if (schema === undefined) throw new Error(`type ${typeOid} has no column`);
    this.schema = schema;
    this.schemaText = avroSchemaText(schema, { connectMetaData: true });
    this.#decoder = plainDecoder(this.schemaText);
    const change = new Change(rowSchema, 0, () => 'a test');
    const programs = new Map<ValueWriter, RowEncoder>();
    this.#encode = (text, writer) => {
      let encoder = programs.get(writer);
      if (encoder === undefined) {
        const node = { kind: 'column', schema, tuple: TupleRef.AFTER, column: 0 } as const;
        encoder = new RowEncoder(compileRow(node, rowSchema, writer, { prefix: nothing, suffix: nothing }), writer);
        programs.set(writer, encoder);
      }
      // A digit on both sides, so that a reader that leaves its range is found out.
      const bytes = Buffer.from(`7${text ?? ''}7`);
      change.after.bytes = bytes;
      change.after.count = 1;
      change.after.state[0] = text === null ? CellState.UNCHANGED : CellState.TEXT;
      change.after.start[0] = 1;
      change.after.end[0] = bytes.length - 1;
      const out = new ByteSink(Buffer.alloc(256 * 1024));
      encoder.encode(change, out);
      return Buffer.from(out.bytes.subarray(0, out.at));
    };
  }

  /** One cell through the whole program; null: unchanged and not sent. */
  written(text: string | null, writer: ValueWriter): Buffer {
    return this.#encode(text, writer);
  }

  /** The same through Avro and back by avsc: longs as bigint, unions unwrapped. */
  decoded(text: string | null): unknown {
    return this.#decoder.fromBuffer(this.written(text, avroValueWriter));
  }
}
