import { renameSync, writeFileSync } from 'node:fs';
import { ConnectError } from '../../base/errors.ts';
import { formatColumns, type CsvColumn } from './csv-columns.ts';

/** Writes columns as a properties file with the key `columns`, which a config takes in with `${file:PATH:columns}`. Throws `file.unreadable`. */
export function saveColumns(path: string, columns: readonly CsvColumn[], source: string): void {
  const value = formatColumns(columns).replaceAll('\\', '\\\\');
  const text = `# Columns of ${source.replaceAll(/[\r\n]/g, ' ')}; correct them, and use them with columns=\${file:${path}:columns}\ncolumns=${value}\n`;
  try {
    // In one step, so that nobody reads half of it.
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  } catch (error) {
    throw new ConnectError('file.unreadable', `The columns cannot be written to schema.save.file ${path}.`, {
      remedy: 'Make its folder, and let the user that runs the worker write there; or leave schema.save.file out.',
      cause: error,
      details: { file: path },
    });
  }
}
