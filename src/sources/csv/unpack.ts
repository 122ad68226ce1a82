import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TextDecoder } from 'node:util';
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
 * A handle on the unpacked bytes of a file, as UTF-8 where a `charset` is given, so that positions in them can be returned
 * to. They lie in a temporary file
 * that has no name any more, and goes away with the handle or the process. Throws `file.unreadable`.
 */
export async function unpack(path: string, compression: Compression, charset: string | null): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-unpack-'));
  const target = join(folder, 'bytes');
  try {
    const unpacking = compression === 'none' ? [] : [compression === 'gzip' ? createGunzip() : createZstdDecompress()];
    await pipeline([createReadStream(path), ...unpacking, ...(charset === null ? [] : [transcoder(charset)]), createWriteStream(target)]);
    return await open(target, 'r');
  } catch (error) {
    throw new ConnectError(
      'file.unreadable',
      `CSV file ${path} cannot be ${compression === 'none' ? 'copied' : `unpacked as ${compression}`}.`,
      {
        remedy: 'Check that the file is whole, and set file.compression to what it is packed with (none, gzip, zstd).',
        cause: error,
        details: { file: path },
      },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function transcoder(charset: string): Transform {
  const decoder = new TextDecoder(charset, { ignoreBOM: true });
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, Buffer.from(decoder.decode(chunk, { stream: true }))),
    flush: (done) => done(null, Buffer.from(decoder.decode())),
  });
}
