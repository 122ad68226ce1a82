import { connect, createServer } from 'node:net';
import { SetUpError } from './set-up-error.ts';

const attemptsMax = 200;

/** Ports handed out by this process, so that two parts that start at the same time do not choose the same one. */
const handedOut = new Set<number>();

/** `preferred` on the loopback address, or the next higher one that nobody listens on. */
export async function freePort(preferred: number): Promise<number> {
  for (let port = preferred; port < preferred + attemptsMax && port <= 65_535; port += 1) {
    if (handedOut.has(port)) continue;
    handedOut.add(port);
    if ((await canListen(port)) && !(await answers(port))) return port;
    handedOut.delete(port);
  }
  throw new SetUpError(`Ports ${preferred} to ${preferred + attemptsMax - 1} are all taken on 127.0.0.1: end what listens there.`);
}

/** For a server that has ended, or never came up: another may take its port. */
export function releasePort(port: number): void {
  handedOut.delete(port);
}

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
