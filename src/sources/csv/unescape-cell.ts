/**
 * Takes doubled quotes and escapes out of `bytes[start, end)`, in place: what is left is never longer than what stood
 * there. Returns its new end. `escape` is the quote itself where there is no escape character.
 */
export function unescapeCell(bytes: Uint8Array, start: number, end: number, quote: number, escape: number): number {
  let to = start;
  for (let from = start; from < end; from += 1) {
    const byte = bytes[from]!;
    const next = from + 1 < end ? bytes[from + 1] : -1;
    if ((byte === quote && next === quote) || (byte === escape && (next === quote || next === escape))) from += 1;
    bytes[to] = bytes[from]!;
    to += 1;
  }
  return to;
}
