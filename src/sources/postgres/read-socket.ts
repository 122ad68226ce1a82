import { Socket } from 'node:net';

/** One allocation serves many reads; a read gets at least `readBytesMin` of it. */
const slabBytes = 256 * 1024;
const readBytesMin = 64 * 1024;

/**
 * A socket whose `pause()` stops reading at once. An ordinary one goes on reading into its own queue, a system call per
 * message, so that pausing it for a moment would save nothing. Only for connections without TLS.
 *
 * Regions of a slab are never handed out twice: `pg` may keep a view of the last read when a message is not complete.
 */
export function createReadSocket(): Socket {
  let slab = Buffer.allocUnsafeSlow(slabBytes);
  let used = 0;
  let last = 0;
  const socket: Socket = new Socket({
    onread: {
      buffer: () => {
        used += last;
        last = 0;
        if (slab.length - used < readBytesMin) {
          slab = Buffer.allocUnsafeSlow(slabBytes);
          used = 0;
        }
        return slab.subarray(used);
      },
      callback: (bytes: number, buffer: Uint8Array) => {
        last = bytes;
        socket.emit('data', Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
        return true;
      },
    },
  });
  return socket;
}
