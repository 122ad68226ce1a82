/** Text in quotes as in array, row and hstore literals; quotes and backslashes in it keep their meaning. */
export function quotedText(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** Texts as the array literal that Postgres and `ColumnKind.ARRAY` read, every element in quotes. */
export function arrayLiteral(items: readonly (string | null)[]): string {
  return `{${items.map((text) => (text === null ? 'NULL' : quotedText(text))).join(',')}}`;
}

/** The elements of such a literal, or of one that Postgres printed; NULL ones are left out. One dimension. */
export function arrayItems(text: string): string[] {
  const items: string[] = [];
  for (const [, quoted, bare] of text.slice(text.indexOf('{') + 1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,"]+)/gs)) {
    if (quoted !== undefined) items.push(quoted.replaceAll(/\\(.)/gs, '$1'));
    else if (bare !== undefined && bare.toUpperCase() !== 'NULL') items.push(bare.replaceAll(/\\(.)/gs, '$1'));
  }
  return items;
}
