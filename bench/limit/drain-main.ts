/**
 * The least a reader can do: takes what Postgres sends, walks over the frames, counts rows and bytes, and drops everything.
 * `node drain-main.ts URL slot NAME` drains a replication slot, `node drain-main.ts URL copy TABLE` a COPY. Prints a line of JSON
 * every few milliseconds in which something came: `{"atMs","rows","bytes"}`.
 */
import { Socket } from 'node:net';
import { Client } from 'pg';
import { ReadPacing } from '../../src/sources/postgres/liveness.ts';
import { monotonicMs } from '../measure/monotonic.ts';
import { FrameCounter } from './frame-counter.ts';

const [, , url = '', mode = '', name = ''] = process.argv;
const reportEveryMs = 10;
const statusEveryMs = 1000;

const counter = new FrameCounter(mode === 'slot');
/** A reader that takes every few bytes at once makes the walsender send them so, which costs it more: the limit waits as the source does. */
const pacing = new ReadPacing();
let draining = false;
const buffer = Buffer.allocUnsafeSlow(1 << 20);
// One buffer for all reads: nothing is kept.
const socket: Socket = new Socket({
  onread: {
    buffer,
    callback: (bytes: number) => {
      if (!draining) {
        socket.emit('data', Buffer.from(buffer.subarray(0, bytes)));
        return true;
      }
      counter.read(buffer, bytes);
      return !paused(bytes);
    },
  },
});

function paused(bytes: number): boolean {
  const waitMs = mode === 'slot' ? pacing.read(monotonicMs(), bytes) : 0;
  if (waitMs === 0) return false;
  setTimeout(() => {
    pacing.waited(monotonicMs());
    socket.resume();
  }, waitMs);
  return true;
}

const client = new Client({
  connectionString: url,
  stream: () => socket,
  ...(mode === 'slot' && { replication: 'database' }),
});
await client.connect();
await client.query('SELECT 1');
draining = true;

const sql =
  mode === 'slot'
    ? `START_REPLICATION SLOT "${name}" LOGICAL 0/0 (proto_version '1', publication_names '"${name}"')`
    : `COPY (SELECT * FROM ${name}) TO STDOUT`;
const text = Buffer.from(`${sql}\0`);
const query = Buffer.alloc(5 + text.length);
query[0] = 0x51;
query.writeInt32BE(4 + text.length, 1);
text.copy(query, 5);

let reported = -1;
function report(): void {
  if (counter.rows === reported) return;
  reported = counter.rows;
  process.stdout.write(`${JSON.stringify({ atMs: monotonicMs(), rows: counter.rows, bytes: counter.bytes })}\n`);
}
report();
socket.write(query);
setInterval(report, reportEveryMs);
if (mode === 'slot') setInterval(() => socket.write(counter.status()), statusEveryMs);
socket.once('close', () => process.exit(0));
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0));
