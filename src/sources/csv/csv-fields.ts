import { ConnectError } from '../../base/errors.ts';
import { canonicalType, typePattern } from './csv-type.ts';

/**
 * A field of a record as a user writes it: `column:type? as name`. Type and name may be left out: the type is then the
 * column's own, the name its name. A constant is text in single quotes in place of the column: `'NYC':string as city`.
 */
export interface CsvField {
  /** The column it is made of; null for a constant. */
  readonly column: string | null;
  readonly constant: string | null;
  /** Null: the column's own type, optional as the column is. */
  readonly type: string | null;
  readonly optional: boolean;
  readonly name: string;
}

const item = new RegExp(
  String.raw`\s*(?:"((?:[^"]|"")*)"|'((?:[^']|'')*)'|([^",:'\s](?:[^",:']*?[^",:'\s])??))` +
    String.raw`(?:\s*:\s*(${typePattern})\s*(\??))?` +
    String.raw`(?:\s+as\s+(?:"((?:[^"]|"")*)"|([^",:'\s]+)))?\s*(?:,|$)`,
  'y',
);

/** Throws `config.invalid` naming the item under fault. */
export function parseFields(text: string): CsvField[] {
  const fields: CsvField[] = [];
  const pattern = new RegExp(item);
  while (pattern.lastIndex < text.length) {
    const from = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) throw malformed(text.slice(from, from + 60).trim());
    const [, quoted, constant, plain, type, mark, quotedName, plainName] = match;
    const column = quoted?.replaceAll('""', '"') ?? plain ?? null;
    const name = quotedName?.replaceAll('""', '"') ?? plainName ?? column;
    if (name === null) throw malformed(match[0].trim());
    fields.push({
      column,
      constant: constant?.replaceAll("''", "'") ?? null,
      type: type === undefined ? (constant === undefined ? null : 'string') : canonicalType(type, name),
      optional: mark === '?',
      name,
    });
  }
  const twice = fields.find((field, index) => fields.findIndex((other) => other.name === field.name) !== index);
  if (twice !== undefined) {
    throw new ConnectError('config.invalid', `Field "${twice.name}" is listed twice.`, {
      remedy: 'Give one of the two another name, as in "column as name".',
    });
  }
  return fields;
}

function malformed(text: string): ConnectError {
  return new ConnectError(
    'config.invalid',
    `Fields are given as column, column:type or column:type as name, separated by commas; "${text}" is not.`,
    {
      remedy: 'Write for example "VendorID:int as vendor_id,trip_distance:float,\'NYC\':string as city".',
    },
  );
}
