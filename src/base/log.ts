import { createRequire } from 'node:module';
import pino from 'pino';
import type { LevelWithSilent, Logger as PinoLogger } from 'pino';
import type { PinoPretty } from 'pino-pretty';

/** Structured log lines: `log.info({ topic }, 'sentence for a person')`. Bind context once with `child`. */
export type Logger = PinoLogger;

export interface LogOptions {
  readonly level: LevelWithSilent;
  /** JSON for machines, text for a person at a terminal. */
  readonly format: 'json' | 'text';
  /** Sees every finished line before it is written: the last chance to take a secret out. */
  readonly scrub?: ((line: string) => string) | undefined;
}

/** Keys that may carry a secret wherever they turn up in a logged object. */
const redact = ['password', 'secret', '*.password', '*.secret', '*["sasl.jaas.config"]', '*["database.password"]'];

export function createLog(options: LogOptions): Logger {
  const hooks = options.scrub === undefined ? {} : { hooks: { streamWrite: options.scrub } };
  const base = { level: options.level, redact: { paths: redact, censor: '[hidden]' }, ...hooks };
  if (options.format === 'json') return pino(base, pino.destination({ dest: 2, sync: true }));
  // Loaded only where it is wanted, and in this thread: as a transport it would run in one of its own, which takes 15 MB.
  const pretty = createRequire(import.meta.url)('pino-pretty') as typeof PinoPretty;
  const form = { destination: 2, sync: true, colorize: false, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' };
  return pino(base, pretty(form));
}

export const silentLog: Logger = pino({ level: 'silent' });
