import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { ConnectError } from '../../base/errors.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

/** What a file is packed with; `auto` goes by the end of its name. Throws `file.unreadable` for packings that are known and cannot be unpacked. */
export function compressionOf(path: string, given: Compression | 'auto'): Compression {
  if (given !== 'auto') return given;
  if (/\.gz$/i.test(path)) return 'gzip';
  const other = /\.(bz2|snappy|lz4|z|xz|zip)$/i.exec(path)?.[1]?.toLowerCase();
  if (other !== undefined) {
    throw new ConnectError('file.unreadable', `CSV file ${path} is packed as ${other}, which cannot be unpacked here.`, {
      remedy:
        'Pack it with gzip or zstd, leave such files out by input.file.pattern, or set file.compression=none if it is plain text all the same.',
      details: { file: path },
    });
  }
  return /\.zstd?$/i.test(path) ? 'zstd' : 'none';
}

/**
 * A handle on the unpacked bytes of a file, so that positions in them can be returned to. They lie in a temporary file
 * that has no name any more, and goes away with the handle or the process. Throws `file.unreadable`.
 */
export async function unpack(path: string, compression: 'gzip' | 'zstd'): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-unpack-'));
  const target = join(folder, 'bytes');
  try {
    await pipeline(createReadStream(path), compression === 'gzip' ? createGunzip() : createZstdDecompress(), createWriteStream(target));
    return await open(target, 'r');
  } catch (error) {
    throw new ConnectError('file.unreadable', `CSV file ${path} cannot be unpacked as ${compression}.`, {
      remedy: 'Check that the file is whole, and set file.compression to what it is packed with (none, gzip, zstd).',
      cause: error,
      details: { file: path },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
