import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { unreadable } from './csv-file.ts';
import type { CsvFileState } from './csv-file.ts';
import type { CsvInput } from './csv-options.ts';

export interface CsvInputFile {
  /** Under which its offset is stored: the file's name without folders. */
  readonly name: string;
  readonly path: string;
  readonly state: CsvFileState;
}

/**
 * The files there are now, in their order. Throws `file.unreadable`, but not for a single file that `mayBeMissing`: a
 * file that is being rotated is away for a moment.
 */
export async function listInput(input: CsvInput, mayBeMissing: boolean): Promise<CsvInputFile[]> {
  if ('file' in input) {
    const state = await stateOf(input.file, mayBeMissing);
    return state === null ? [] : [{ name: input.name, path: input.file, state }];
  }
  const { folder, pattern } = input;
  let names: string[];
  try {
    names = await readdir(folder, { recursive: input.recursive });
  } catch (error) {
    throw unreadable('CSV folder', folder, error);
  }
  const files: CsvInputFile[] = [];
  for (const name of names.filter((candidate) => pattern.test(basename(candidate))).sort()) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => null);
    // A file may go away between the two calls, and folders may match the pattern: neither is an input.
    if (found?.isFile() === true) files.push({ name, path, state: { size: found.size, inode: found.ino, modifiedMs: found.mtimeMs } });
  }
  return files.sort((left, right) => compare(left, right, input.order));
}

function compare(left: CsvInputFile, right: CsvInputFile, order: readonly string[]): number {
  for (const attribute of order) {
    const sign = attribute.endsWith('desc') ? -1 : 1;
    const by = attribute.startsWith('length')
      ? left.state.size - right.state.size
      : attribute.startsWith('lastmodified')
        ? left.state.modifiedMs - right.state.modifiedMs
        : left.name < right.name
          ? -1
          : Number(left.name > right.name);
    if (by !== 0) return by * sign;
  }
  return 0;
}

async function stateOf(path: string, mayBeMissing: boolean): Promise<CsvFileState | null> {
  try {
    const found = await stat(path);
    return { size: found.size, inode: found.ino, modifiedMs: found.mtimeMs };
  } catch (error) {
    if (mayBeMissing && isMissing(error)) return null;
    throw unreadable('CSV file', path, error);
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
