import type { ByteSink } from '../../src/base/byte-sink.ts';
import { ConnectError } from '../../src/base/errors.ts';
import { opCodes } from '../../src/record/change.ts';
import type { Change } from '../../src/record/change.ts';
import type { Node } from '../../src/record/shape.ts';
import { CellState } from '../../src/record/tuple-view.ts';
import type { Converter, ConverterContext, RowEncoder } from '../../src/connect/converter.ts';

/**
 * Readable text: `{id=1,op=c}`, `~` for null. A cell that holds `BAD` cannot be converted. Not fast, for looking at
 * what comes out.
 */
export class MemoryConverter implements Converter {
  readonly compiled: ConverterContext[] = [];

  compile(node: Node, context: ConverterContext): Promise<RowEncoder> {
    this.compiled.push(context);
    return Promise.resolve({
      encode(change: Change, out: ByteSink): void {
        write(node, change, out);
      },
    });
  }
}

function write(node: Node, change: Change, out: ByteSink): void {
  switch (node.kind) {
    case 'struct':
      if (node.presence !== null && change.tuple(node.presence).count === 0) {
        out.ascii('~');
        return;
      }
      out.ascii('{');
      for (const [at, field] of node.fields.entries()) {
        out.ascii(`${at === 0 ? '' : ','}${field.name}=`);
        write(field.node, change, out);
      }
      out.ascii('}');
      return;
    case 'column': {
      const tuple = change.tuple(node.tuple);
      if (tuple.count === 0 || tuple.state[node.column] !== CellState.TEXT) {
        out.ascii('~');
        return;
      }
      const [start, end] = [tuple.start[node.column]!, tuple.end[node.column]!];
      const text = Buffer.from(tuple.bytes.subarray(start, end)).toString('utf8');
      // Half of the bad cell is written, so that a test sees whether it is rolled back.
      out.ascii(text.slice(0, 2));
      if (text === 'BAD') throw new ConnectError('data.value', `Column ${node.column} does not fit.`, { remedy: 'Mend the row.' });
      out.copy(Buffer.from(text.slice(2), 'utf8'), 0, Buffer.byteLength(text.slice(2)));
      return;
    }
    case 'encoded':
      node.encoder.encode(change, out);
      return;
    case 'register':
      out.ascii(change.registers.present[node.register] === 1 ? String(change.registers.low[node.register]) : '~');
      return;
    case 'constant': {
      const { value } = node;
      const bytes = Buffer.from(value === null ? '~' : value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value));
      out.copy(bytes, 0, bytes.length);
      return;
    }
    case 'op':
      out.ascii(opCodes[change.op]!);
  }
}
