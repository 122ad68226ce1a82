import { Socket } from 'node:net';

import type { ClientConfig } from 'pg';

import type { FrameReader } from './frame-reader.ts';

/** Before the reader is attached: one allocation serves many reads; a read gets at least `readBytesMin` of it. */
const slabBytes = 256 * 1024;
const readBytesMin = 64 * 1024;

/**
 * A socket whose `pause()` stops reading at once. An ordinary one goes on reading into its own queue, a system call per
 * message, so that pausing it for a moment would save nothing. Once `reader` is attached, the kernel writes straight
 * into the reader's buffer. Only for connections without TLS.
 */
export function createReadSocket(reader: FrameReader): Socket {
  let slab: Buffer | null = Buffer.allocUnsafeSlow(slabBytes);
  let used = 0;
  let current: Uint8Array | null = null;
  const socket: Socket = new Socket({
    onread: {
      buffer: () => {
        if (reader.attached) {
          slab = null;
          current = reader.room();
          return current;
        }
        // Regions of a slab are never handed out twice: `pg` may keep a view of the last read when a message is not complete.
        if (slab === null || slab.length - used < readBytesMin) {
          slab = Buffer.allocUnsafeSlow(slabBytes);
          used = 0;
        }
        return slab.subarray(used);
      },
      callback: (bytes: number, buffer: Uint8Array) => {
        if (buffer === current) {
          reader.filled(bytes);
        } else {
          used += bytes;
          socket.emit('data', Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
        }
        return true;
      },
    },
  });
  return socket;
}

/**
 * The same for TLS, where Node ignores `onread`: a paused connection goes on reading until its queue holds this many bytes,
 * so one chunk ends it.
 */
export function tlsForReading(ssl: ClientConfig['ssl']): ClientConfig['ssl'] {
  // Node takes it; its types do not name it.
  return typeof ssl === 'object' ? Object.assign({ highWaterMark: 1 }, ssl) : ssl;
}
