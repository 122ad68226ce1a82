import { ConnectError } from '../../base/errors.ts';
import type { Column } from '../../record/row-schema.ts';
import { canonicalType, columnTypeNames, csvType, typePattern } from './csv-type.ts';

/**
 * A column as a user declares it: `name:type`, with `?` behind the type when cells may be empty. Lists are separated by
 * commas; a name that holds anything but letters, digits, `_`, `-`, `.` and blanks is put into double quotes.
 */
export interface CsvColumn {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
}

const item = new RegExp(String.raw`\s*(?:"((?:[^"]|"")*)"|([^",:]+?))\s*:\s*(${typePattern})\s*(\??)\s*(?:,|$)`, 'y');

/** Throws `config.invalid` naming the item under fault. */
export function parseColumns(text: string): CsvColumn[] {
  const columns: CsvColumn[] = [];
  const pattern = new RegExp(item);
  while (pattern.lastIndex < text.length) {
    const from = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) {
      throw new ConnectError(
        'config.invalid',
        `Columns are given as name:type, separated by commas; "${text.slice(from, from + 40).trim()}" is not.`,
        {
          remedy: `Write for example "id:long,name:string?,price:decimal(10,2)". Types: ${columnTypeNames.join(', ')}.`,
        },
      );
    }
    const [, quoted, plain, type = '', mark] = match;
    const name = quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"');
    columns.push({ name, type: canonicalType(type, name), optional: mark === '?' });
  }
  return columns;
}

/** What `parseColumns` reads back. */
export function formatColumns(columns: readonly CsvColumn[]): string {
  return columns
    .map(({ name, type, optional }) => {
      const plain = /^[\p{L}\p{N}_.-]+( [\p{L}\p{N}_.-]+)*$/u.test(name);
      return `${plain ? name : `"${name.replaceAll('"', '""')}"`}:${type}${optional ? '?' : ''}`;
    })
    .join(',');
}

/** The column of a row schema that a declaration stands for. */
export function toColumn(declared: CsvColumn): Column {
  const { name, optional } = declared;
  const { kind, scale, schema, element } = csvType(declared.type);
  return { name, kind, scale, schema: { ...schema, optional }, ...(element === undefined ? {} : { element }) };
}
