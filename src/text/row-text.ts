import { bareElement, closeLiteral, nullElement, openLiteral, quotedElement } from './literal-builder.ts';
import { valueError } from './value-error.ts';
import { ByteRegister } from './value-register.ts';

const open = 0x28;
const close = 0x29;
const comma = 0x2c;
const quote = 0x22;
const backslash = 0x5c;

const field = new ByteRegister();

/** What stands for a field of the row's text that no field of the struct shows. */
export const leftOut = -1;

/**
 * `(1,"a b",)` → an array literal with one element for each field of the struct. A field without text is NULL. `layout`
 * says by number of fields in the text what they are: fields of the struct in ascending order, `leftOut`; those of the struct that are not named
 * are NULL. A text with another number of fields is an error: the type is not the one whose shape this is.
 */
export function readRow(
  bytes: Uint8Array,
  start: number,
  end: number,
  layouts: ReadonlyMap<number, Int16Array>,
  width: number,
  into: ByteRegister,
): void {
  if (end - start < 2 || bytes[start] !== open || bytes[end - 1] !== close) throw valueError('not a composite value: expected (…)');
  const layout = layouts.get(countFields(bytes, start + 1, end - 1));
  if (layout === undefined) {
    throw valueError(
      layouts.size === 0
        ? 'fields of its composite type were dropped and added, and it may be of before or after (composite.handling.mode=text takes it as it is)'
        : 'not a value of the composite type as it is known here: it has another number of fields (composite.handling.mode=text takes it as it is)',
    );
  }
  openLiteral(into);
  let at = start + 1;
  let written = 0;
  for (let index = 0; index < layout.length; index += 1) {
    const target = layout[index] as number;
    const isNull = bytes[at] === comma || at === end - 1;
    at = readField(bytes, at, end - 1);
    if (target !== leftOut) {
      for (; written < target; written += 1) bareElement(nullElement, into);
      if (isNull) bareElement(nullElement, into);
      else quotedElement(field.bytes, 0, field.length, into);
      written += 1;
    }
    at += 1;
  }
  for (; written < width; written += 1) bareElement(nullElement, into);
  closeLiteral(into);
}

/** Commas outside quotes, and one more: `()` is one field without text (a type without fields is not read here). */
function countFields(bytes: Uint8Array, start: number, stop: number): number {
  let count = 1;
  let quoted = false;
  for (let at = start; at < stop; at += 1) {
    const byte = bytes[at] as number;
    if (byte === quote) quoted = !quoted;
    else if (byte === backslash) at += 1;
    else if (byte === comma && !quoted) count += 1;
  }
  if (quoted) throw valueError('not a composite value: a quoted field does not end');
  return count;
}

/** Fills `field` with the text that starts at `from`; answers where its comma or the end is. */
function readField(bytes: Uint8Array, from: number, stop: number): number {
  field.length = 0;
  let quoted = false;
  let at = from;
  for (; at < stop; at += 1) {
    let byte = bytes[at] as number;
    if (byte === quote) {
      // Doubled inside quotes, it stands for itself.
      if (!quoted || bytes[at + 1] !== quote || at + 1 === stop) {
        quoted = !quoted;
        continue;
      }
      at += 1;
    } else if (byte === backslash && at + 1 < stop) {
      byte = bytes[++at] as number;
    } else if (byte === comma && !quoted) {
      break;
    }
    field.push(byte);
  }
  return at;
}
