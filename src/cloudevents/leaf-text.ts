import type { ByteSink } from '../base/byte-sink.ts';
import { ConnectError } from '../base/errors.ts';
import type { Change } from '../record/change.ts';
import type { Node } from '../record/shape.ts';
import { writeInt64 } from '../text/integer-text.ts';

/** Writes a value as text, into the middle of something else. */
export type LeafText = (change: Change, out: ByteSink) => void;

/**
 * A leaf as text; `missing` stands for null where the schema has no default. Throws `data.shape` for what is not of a
 * source block: columns, structs.
 */
export function leafText(node: Node, missing: string): LeafText {
  if (node.kind === 'constant') return constantText(String(node.value ?? node.schema.default ?? missing));
  if (node.kind !== 'register') throw unfit(node);
  const { register, holds } = node;
  const nothing = Buffer.from(String(node.schema.default ?? missing), 'utf8');
  if (holds === 'int64') {
    return ({ registers }, out) => {
      if (registers.present[register] === 0) out.copy(nothing, 0, nothing.length);
      else writeInt64(out, registers.high[register] as number, registers.low[register] as number);
    };
  }
  return ({ registers }, out) => {
    if (registers.present[register] === 0) out.copy(nothing, 0, nothing.length);
    else out.copy(registers.bytes, registers.start[register] as number, registers.end[register] as number);
  };
}

export function constantText(text: string): LeafText {
  const bytes = Buffer.from(text, 'utf8');
  return (_change, out) => out.copy(bytes, 0, bytes.length);
}

export function joinedText(parts: readonly LeafText[]): LeafText {
  return (change, out) => {
    for (const part of parts) part(change, out);
  };
}

function unfit(node: Node): ConnectError {
  return new ConnectError('data.shape', `A ${node.schema.type} of a row cannot describe an event: its source block is needed.`, {
    remedy: 'Take away the transform that changes "source", or the CloudEventsConverter.',
  });
}
