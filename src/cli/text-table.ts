/** Columns side by side, two blanks between; numbers to the right. */
export function textTable(rows: readonly (readonly (string | number)[])[]): string {
  const widths = (rows[0] ?? []).map((_cell, at) => Math.max(...rows.map((row) => String(row[at] ?? '').length)));
  const isNumber = widths.map((_width, at) => rows.slice(1).every((row) => typeof row[at] === 'number'));
  return rows
    .map((row) =>
      row
        .map((cell, at) => (isNumber[at] === true ? String(cell).padStart(widths[at] ?? 0) : String(cell).padEnd(widths[at] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
