import { ByteSink } from '../../../src/base/byte-sink.ts';
import type { RowEncoder } from '../../../src/connect/converter.ts';
import { JsonConverter } from '../../../src/json/json-converter.ts';
import type { Change } from '../../../src/record/change.ts';
import type { Shape } from '../../../src/record/shape.ts';
import type { CollectingOutlet } from '../../support/collecting-outlet.ts';

export type JsonRow = Readonly<Record<string, unknown>>;

/** Encodes each row as the JSON converter does: shape, kind and text have to fit together. */
export class JsonRows {
  readonly #encoders = new Map<number, RowEncoder>();
  readonly #sink = new ByteSink(Buffer.alloc(1024 * 1024));

  declare(shape: Shape): void {
    const converter = new JsonConverter({ schemasEnable: false, decimalNumeric: true, nullForDefault: false } as ConstructorParameters<
      typeof JsonConverter
    >[0]);
    this.#encoders.set(shape.schema.id, converter.compileNow(shape.value, { topic: shape.topic, part: 'value', schema: shape.schema }));
  }

  after(change: Change): JsonRow {
    const sink = this.#sink;
    sink.at = 0;
    this.#encoders.get(change.schema.id)?.encode(change, sink);
    return (JSON.parse(sink.bytes.toString('utf8', 0, sink.at)) as { after: JsonRow }).after;
  }
}

/** What an outlet is handed, encoded at that moment; an error where a row cannot be, which does not end the run. */
export function encodedRows(out: CollectingOutlet): (JsonRow | Error)[] {
  const encoded: (JsonRow | Error)[] = [];
  const rows = new JsonRows();
  const declare = out.declare.bind(out);
  const emit = out.emit.bind(out);
  out.declare = (shape) => {
    rows.declare(shape);
    return declare(shape);
  };
  out.emit = (change) => {
    try {
      encoded.push(rows.after(change));
    } catch (error) {
      encoded.push(error as Error);
    }
    return emit(change);
  };
  return encoded;
}
