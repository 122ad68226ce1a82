/** Keys of families differ in numbers, salts and names. */
export function propertyFamily(name: string): string {
  return name
    .replace(/\.with\.salt\..*/, '.with.salt.*')
    .replace(/^(signal\.consumer\.|driver\.).*/, '$1*')
    .replace(/\.\d+\./, '.N.');
}
