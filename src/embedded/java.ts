import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { SetUpError } from './set-up-error.ts';

const majorMin = 17;

/** The `java` to run Kafka and the registry with: JAVA_HOME's, else the PATH's; rejects with one sentence when there is none. */
export async function findJava(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const home = env['JAVA_HOME'];
  const java = home === undefined || home === '' ? 'java' : join(home, 'bin', 'java');
  const advice =
    'install Java 17 or newer, or use `docker compose up`, or name servers of your own with --kafka HOST:PORT --registry URL --postgres URL';
  const answer = await new Promise<{ text: string; failed: boolean }>((done) => {
    execFile(java, ['-version'], { env, timeout: 20_000 }, (error, stdout, stderr) =>
      done({ text: stdout + stderr, failed: error !== null }),
    );
  });
  const major = Number(/version "(?:1\.)?(\d+)/.exec(answer.text)?.[1] ?? Number.NaN);
  if (answer.failed || Number.isNaN(major))
    throw new SetUpError(`Java was not found (${java}), and Kafka and the registry need it: ${advice}.`);
  if (major < majorMin) throw new SetUpError(`${java} is Java ${major}, and Kafka needs ${majorMin}: ${advice}.`);
  return java;
}

/** For servers that must be up quickly and live briefly: one quick compiler, one collector thread, a bounded heap. */
export function javaFlags(heapMb: number): string[] {
  return [`-Xms64m`, `-Xmx${heapMb}m`, '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto', '-Djava.awt.headless=true'];
}
