/** An array of texts as the array literal that `ColumnKind.ARRAY` reads. */
export function arrayText(items: readonly (string | null)[]): string {
  return `{${items.map((text) => (text === null ? 'NULL' : `"${text.replaceAll(/["\\]/g, '\\$&')}"`)).join(',')}}`;
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
