/** Text in quotes as in array, row and hstore literals; quotes and backslashes in it keep their meaning. */
export function quotedText(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** Texts as the array literal that Postgres and `ColumnKind.ARRAY` read, every element in quotes. */
export function arrayLiteral(items: readonly (string | null)[]): string {
  return `{${items.map((text) => (text === null ? 'NULL' : quotedText(text))).join(',')}}`;
}

/** The elements of such a literal, or of one that Postgres printed; null: NULL. One dimension. */
export function arrayElements(text: string): (string | null)[] {
  const items: (string | null)[] = [];
  for (const [, quoted, bare = ''] of text.slice(text.indexOf('{') + 1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,"]+)/gs)) {
    if (quoted !== undefined) items.push(quoted.replaceAll(/\\(.)/gs, '$1'));
    else items.push(bare.toUpperCase() === 'NULL' ? null : bare.replaceAll(/\\(.)/gs, '$1'));
  }
  return items;
}

/** Those that are not NULL. */
export function arrayItems(text: string): string[] {
  return arrayElements(text).filter((item) => item !== null);
}
