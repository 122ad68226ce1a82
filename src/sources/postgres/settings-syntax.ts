/** `a,b\,c` → `a` and `b,c`: a comma inside a regular expression is written `\,`. Blanks around items are dropped. */
export function splitPatterns(text: string | null): string[] {
  return (text ?? '')
    .split(/(?<!\\),/)
    .map((item) => item.replaceAll('\\,', ',').trim())
    .filter((item) => item !== '');
}

/** SQL statements between semicolons; `;;` is a semicolon inside a statement. */
export function splitStatements(text: string | null): string[] {
  return (text ?? '')
    .split(/(?<!;);(?!;)/)
    .map((statement) => statement.replaceAll(';;', ';').trim())
    .filter((statement) => statement !== '');
}

/** The parts before and after the last (`from: 'end'`) or first separator; blanks are dropped. */
export function splitAt(text: string, separator: string, from: 'start' | 'end' = 'start'): readonly [string, string] {
  const at = from === 'start' ? text.indexOf(separator) : text.lastIndexOf(separator);
  return at < 0 ? [text.trim(), ''] : [text.slice(0, at).trim(), text.slice(at + separator.length).trim()];
}

/** `tableRegex:col1,col2;tableRegex:col3`, the form of `message.key.columns`. */
export function splitKeyColumns(text: string | null): { readonly tables: string; readonly columns: readonly string[] }[] {
  return (text ?? '')
    .split(';')
    .filter((item) => item.trim() !== '')
    .map((item) => {
      const [tables, columns] = splitAt(item, ':', 'end');
      return {
        tables,
        columns: columns
          .split(',')
          .map((column) => column.trim())
          .filter((column) => column !== ''),
      };
    });
}

/** Text, or after `hex:` bytes in hexadecimal. */
export function placeholderBytes(text: string): Uint8Array {
  return text.startsWith('hex:') ? Uint8Array.from(Buffer.from(text.slice(4), 'hex')) : new TextEncoder().encode(text);
}
