import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from './process-table.ts';
import { SetUpError } from './set-up-error.ts';

const attemptsMax = 200;

/** Ports handed out by this process, so that two parts that start at the same time do not choose the same one. */
const handedOut = new Set<number>();

/** `preferred` on the loopback address, or the next higher one that nobody listens on. */
export async function freePort(preferred: number): Promise<number> {
  for (let port = preferred; port < preferred + attemptsMax && port <= 65_535; port += 1) {
    if (handedOut.has(port)) continue;
    if (!reserve(port)) continue;
    handedOut.add(port);
    if ((await canListen(port)) && !(await answers(port))) return port;
    releasePort(port);
  }
  throw new SetUpError(`Ports ${preferred} to ${preferred + attemptsMax - 1} are all taken on 127.0.0.1: end what listens there.`);
}

/** For a server that has ended, or never came up: another may take its port. */
export function releasePort(port: number): void {
  if (handedOut.delete(port) && holderOf(noteOf(port)) === process.pid) removeNote(noteOf(port));
}

/**
 * Two demos that start at the same moment must not choose the same port: one would take the other's server for its own, which
 * answers before its own one finds the port taken. The note of a process that is gone does not count.
 */
function reserve(port: number): boolean {
  const note = noteOf(port);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      writeFileSync(note, String(process.pid), { flag: 'wx' });
      return true;
    } catch (error) {
      // Where no note can be written, none is needed: looking whether the port is free must do.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return true;
    }
    const holder = holderOf(note);
    if (holder !== process.pid && isAlive(holder)) return false;
    if (!removeNote(note)) return true;
  }
  return false;
}

/** False for a note that another user left. */
function removeNote(note: string): boolean {
  try {
    rmSync(note, { force: true });
    return true;
  } catch {
    return false;
  }
}

function holderOf(note: string): number {
  try {
    return Number(readFileSync(note, 'utf8'));
  } catch {
    return 0;
  }
}

function noteOf(port: number): string {
  return join(tmpdir(), `millrace-port-${port}.pid`);
}

process.once('exit', () => {
  for (const port of handedOut) releasePort(port);
});

function canListen(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => done(true)));
  });
}

/** Some systems let a program listen on 127.0.0.1 beside one that listens on all addresses. */
function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 500 });
    const end = (answer: boolean) => (): void => {
      socket.destroy();
      done(answer);
    };
    socket.once('connect', end(true));
    socket.once('timeout', end(false));
    socket.once('error', end(false));
  });
}
