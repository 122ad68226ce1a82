/** Whether `bytes[start, end)` is exactly one of the texts. */
export function isNullText(texts: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): boolean {
  for (const text of texts) {
    if (text.length !== end - start) continue;
    let at = 0;
    while (at < text.length && text[at] === bytes[start + at]) at += 1;
    if (at === text.length) return true;
  }
  return false;
}
