import { flushCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { Command } from 'commander';
import { describeError } from './base/errors.ts';
import type { Logger } from './base/log.ts';
import { composeWorker, type ComposedWorker } from './compose.ts';
import { readConnectorFile, readWorkerFile } from './connect/config-file.ts';
import type { RunningWorker } from './connect/worker-start.ts';

/** What the process leaves with; documented for people in docs/operations.md. */
export const ExitCode = {
  /** Asked to leave, and everything was drained. */
  CLEAN: 0,
  /** A file or config is wrong: starting again changes nothing. */
  CONFIG: 1,
  /** Kafka or the REST port could not be had: starting again may help. */
  START: 2,
  /** Left as asked, but some tasks did not end in time. */
  UNDRAINED: 3,
  /** A fault of this program. */
  FAULT: 70,
  /** Asked to leave a second time while draining: 128 + SIGINT. */
  FORCED: 130,
} as const;

interface StandaloneOptions {
  readonly logFormat?: string;
  readonly logLevel?: string;
}

/** `millrace standalone WORKER [CONNECTOR...]`: the daemon. */
export function standaloneCommand(): Command {
  return new Command('standalone')
    .description('run a worker until it is told to stop')
    .argument('<worker>', 'worker config: .properties, .json or .yaml')
    .argument('[connectors...]', 'connector configs in the same formats; without any, connectors come by REST')
    .option('--log-format <format>', 'json or text, over log.format of the worker config')
    .option('--log-level <level>', 'trace, debug, info, warn, error or fatal, over log.level of the worker config')
    .action(async (worker: string, connectors: string[], options: StandaloneOptions) => {
      process.exitCode = await standalone(worker, connectors, options);
      // Nothing may keep the process alive: a task that had to be abandoned may still hold sockets.
      process.exit();
    });
}

async function standalone(workerPath: string, connectorPaths: readonly string[], options: StandaloneOptions): Promise<number> {
  const stop = new AbortController();
  const asked = Promise.withResolvers<void>();
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(ExitCode.FORCED);
    stop.abort();
    asked.resolve();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);

  let composed: ComposedWorker;
  try {
    composed = composeWorker({
      worker: readWorkerFile(workerPath),
      connectors: connectorPaths.map((path) => readConnectorFile(path)),
      env: process.env,
      logFormat: options.logFormat,
      logLevel: options.logLevel,
    });
  } catch (error) {
    process.stderr.write(`millrace: ${describeError(error)}\n`);
    return ExitCode.CONFIG;
  }
  const { log } = composed;
  onFault(log);

  let running: RunningWorker;
  try {
    running = await composed.start(stop.signal, keepHeapSmall);
  } catch (error) {
    if (stop.signal.aborted) return ExitCode.CLEAN;
    log.fatal(`The worker could not start: ${describeError(error)}`);
    return ExitCode.START;
  }
  await asked.promise;
  log.info('Asked to leave: draining');
  const drained = await running.close();
  log.info(drained ? 'Drained, leaving' : 'Leaving with tasks abandoned');
  return drained ? ExitCode.CLEAN : ExitCode.UNDRAINED;
}

/**
 * Most of what outlives the start with many tables is garbage: collected when the heap has grown by half, not to four times, it
 * takes 70 to 100 MB less with 500 tables. Not from the launcher: V8 refuses compiled code that was kept under other flags, also
 * Node's own, which is a sixth of the start. So what is loaded by now is kept under the flags that the next start begins with.
 */
function keepHeapSmall(): void {
  flushCompileCache();
  setFlagsFromString('--heap-growing-percent=50');
}

/** What nobody caught leaves the program in a state that nobody knows: exactly-once needs no last words, so it ends. */
function onFault(log: Logger): void {
  const end = (error: unknown): void => {
    log.fatal({ stack: error instanceof Error ? error.stack : undefined }, `Fault of the program: ${describeError(error)}`);
    process.exit(ExitCode.FAULT);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
  // Node's own warnings (a client library's timer below zero) are for those who look for them.
  process.removeAllListeners('warning');
  process.on('warning', (warning) => log.debug({ warning: warning.name }, warning.message));
}
