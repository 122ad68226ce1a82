type Row = Readonly<Record<string, unknown>>;

/** What differs between a record and the row of a CSV file that it was made of; null for nothing. Times may be milli- or microseconds. */
export function rowDiffers(
  names: readonly string[],
  cells: readonly string[],
  keyName: string,
  key: unknown,
  value: unknown,
): string | null {
  const row = value as Row;
  for (const [index, name] of names.entries()) {
    const cell = cells[index] ?? '';
    if (!isSame(cell, row[name])) return `${name} is ${String(row[name])}, the file has ${cell}`;
    if (name === keyName && !isSame(cell, (key as Row)[name])) return `the key is ${String((key as Row)[name])}, the file has ${cell}`;
  }
  return Object.keys(row).length === names.length ? null : `${Object.keys(row).length} fields where ${names.length} were due`;
}

function isSame(cell: string, value: unknown): boolean {
  if (value === null) return cell === '';
  if (typeof value === 'string') return value === cell;
  if (typeof value === 'boolean') return String(value) === cell;
  if (typeof value !== 'number') return false;
  if (!/^\d{4}-\d\d-\d\d /.test(cell)) return Number(cell) === value;
  const millis = Date.parse(`${cell.replace(' ', 'T')}Z`);
  return value === millis || value === millis * 1000;
}
