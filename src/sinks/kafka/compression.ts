import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { ConnectError } from '../../base/errors.ts';
import { foreignCodecs } from '../../kafka/foreign-codecs.ts';

export interface Compression {
  /** The codec's number in a record batch's attributes. */
  readonly attribute: number;
  /** Null: records are sent as they are. */
  readonly compress: ((bytes: Buffer) => Promise<Buffer> | Buffer) | null;
}

const codecs: Readonly<Record<string, Compression>> = {
  none: { attribute: 0, compress: null },
  // Off the main thread, because the records of the next batch are being encoded there meanwhile.
  gzip: { attribute: 1, compress: promisify<Buffer, Buffer>(zlib.gzip) },
  snappy: { attribute: 2, compress: (bytes) => foreignCodecs().snappy.compressSync(bytes) },
  lz4: { attribute: 3, compress: (bytes) => foreignCodecs().lz4.compressSync(bytes) },
  zstd: { attribute: 4, compress: promisify<Buffer, Buffer>(zlib.zstdCompress) },
};

/** `compression.type` of a producer. Throws `config.invalid`. */
export function compressionOf(type: string): Compression {
  const found = Object.hasOwn(codecs, type.toLowerCase()) ? codecs[type.toLowerCase()] : undefined;
  if (found !== undefined) return found;
  throw new ConnectError('config.invalid', `Invalid value ${type} for configuration compression.type.`, {
    remedy: `Use one of ${Object.keys(codecs).join(', ')}.`,
  });
}
