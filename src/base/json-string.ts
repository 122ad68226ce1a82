/** A JSON string as Jackson prints it: control characters without a letter of their own as `\u00XX` with capital hex digits. */
export function jsonString(text: string): string {
  return JSON.stringify(text).replace(/\\u00[0-9a-f]{2}/g, (escape) => `\\u${escape.slice(2).toUpperCase()}`);
}
