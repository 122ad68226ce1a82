import type { Clock } from '../base/clock.ts';
import { ConnectError, describeError, findConnectError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Config } from './config.ts';
import { Stage, stageNames } from './dead-letter.ts';
import type { FailedRecord } from './dead-letter.ts';

/** What becomes of a change that cannot be converted: Kafka Connect's `errors.*` keys. */
export interface ErrorTolerance {
  /** `none`: the task fails. `all`: the change is left out, counted, and logged or dead-lettered if asked for. */
  readonly tolerate: 'none' | 'all';
  readonly log: boolean;
  /** Rows that never became a change are logged with their text. */
  readonly logMessages: boolean;
  /** Null: no dead letters. */
  readonly deadLetterTopic: string | null;
  readonly deadLetterHeaders: boolean;
  /** What becomes of a value that cannot be written where null is allowed: null, told or not. */
  readonly values: FailureMode;
  /** What becomes of a change that the source cannot make or whose values cannot be written: left out, told or not. */
  readonly changes: FailureMode;
  /** What becomes of rows for a topic that a row named and whose subject refuses the schema. */
  readonly refused: 'fail' | 'dead_letter';
}

/** Debezium's `event.*.failure.handling.mode`. */
export type FailureMode = 'fail' | 'warn' | 'skip';

export const noTolerance: ErrorTolerance = {
  tolerate: 'none',
  log: false,
  logMessages: false,
  deadLetterTopic: null,
  deadLetterHeaders: false,
  values: 'fail',
  changes: 'fail',
  refused: 'fail',
};

export function createErrorTolerance(config: Config): ErrorTolerance {
  const flag = (name: string): boolean => config.has(name) && config.boolean(name);
  const mode = (of: string): FailureMode => {
    const given = config.optional(`event.${of}.failure.handling.mode`)?.toLowerCase();
    return given === 'warn' ? 'warn' : given === 'skip' || given === 'ignore' ? 'skip' : 'fail';
  };
  const topic = config.optional('errors.deadletterqueue.topic.name');
  const tolerate = config.has('errors.tolerance') && config.choice('errors.tolerance') === 'all' ? 'all' : 'none';
  const deadLetterTopic = topic === null || topic === '' ? null : topic;
  const parks = config.optional('schema.change.refused.policy')?.toLowerCase() === 'dead_letter';
  return {
    tolerate,
    log: flag('errors.log.enable'),
    logMessages: flag('errors.log.include.messages'),
    deadLetterTopic,
    deadLetterHeaders: flag('errors.deadletterqueue.context.headers.enable'),
    values: mode('converting'),
    changes: mode('processing'),
    refused: parks && tolerate === 'all' && deadLetterTopic !== null ? 'dead_letter' : 'fail',
  };
}

/** Bad data is tolerated, faults of servers and of this program are not: leaving records out would not cure them. */
export function isTolerable(error: unknown, tolerance: ErrorTolerance): boolean {
  return tolerance.tolerate === 'all' && findConnectError(error)?.code.startsWith('data.') === true;
}

/** A transform's faults are no fault of the change: `errors.tolerance` alone speaks of them. */
export function isPassedOver(error: unknown, stage: Stage, tolerance: ErrorTolerance): boolean {
  if (tolerance.changes === 'fail' || stage === Stage.TRANSFORMATION) return false;
  return findConnectError(error)?.code.startsWith('data.') === true;
}

/** The failure a task ends with: names connector, position and stage; the cause says the reason and the remedy. */
export function enrichFailure(failed: FailedRecord): ConnectError {
  const { connector, taskId, stage, topic, position, error } = failed;
  const where = position === '' ? '' : ` at ${position}`;
  const target = topic === null ? '' : ` for topic "${topic}"`;
  const name = stageNames[stage] as string;
  return new ConnectError(findConnectError(error)?.code ?? 'internal', `Connector "${connector}" stopped${where}${target} in ${name}.`, {
    cause: error,
    details: { ...findConnectError(error)?.details, connector, task: taskId, stage: name },
  });
}

/** Lines per window; a file with a million bad rows must not fill the disk with its log. */
const linesMax = 50;
const windowMs = 10_000;
const rawTextMax = 1024;

/** Writes one line per tolerated failure, at most `linesMax` in `windowMs`; the next line says how many were left out. */
export class FailureLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #tolerance: ErrorTolerance;
  #windowStartMs = -Infinity;
  #lines = 0;
  #omitted = 0;

  constructor(tolerance: ErrorTolerance, clock: Clock, log: Logger) {
    this.#tolerance = tolerance;
    this.#clock = clock;
    this.#log = log;
  }

  /** The wall clock, for records that have no time of their own. */
  nowMs(): number {
    return this.#clock.now();
  }

  /** True when a line was written. */
  record(failed: FailedRecord): boolean {
    return this.#tolerance.log && this.#write('error', failed, 'A record was left out, as errors.tolerance=all says');
  }

  /** Of a change that the source's own mode leaves out. */
  passOver(failed: FailedRecord): boolean {
    return (
      this.#tolerance.changes === 'warn' &&
      this.#write('warn', failed, 'A change was left out, as event.processing.failure.handling.mode says')
    );
  }

  /** Of a value that is written as null. */
  nulled(failed: FailedRecord): boolean {
    return (
      this.#tolerance.values === 'warn' &&
      this.#write('warn', failed, 'A value became null, as event.converting.failure.handling.mode says')
    );
  }

  /** The schema of a topic that rows name. */
  refused(topic: string, refusal: ConnectError): void {
    const what = `The schema of topic "${topic}" was refused. ${refusal.message} Until it is accepted its rows become dead letters.`;
    this.#log.warn({ topic, subject: refusal.details['subject'] }, what);
  }

  #write(level: 'error' | 'warn', failed: FailedRecord, what: string): boolean {
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#windowStartMs >= windowMs) {
      this.#windowStartMs = nowMs;
      this.#lines = 0;
    }
    if (this.#lines >= linesMax) {
      this.#omitted += 1;
      return false;
    }
    this.#lines += 1;
    const { connector, taskId, stage, topic, position, raw } = failed;
    const text = this.#tolerance.logMessages && raw !== null ? { raw: Buffer.from(raw.subarray(0, rawTextMax)).toString('utf8') } : {};
    const omitted = this.#omitted === 0 ? {} : { omitted: this.#omitted };
    this.#log[level](
      { connector, task: taskId, stage: stageNames[stage], topic, position, ...text, ...omitted },
      `${what}: ${describeError(failed.error)}`,
    );
    this.#omitted = 0;
    return true;
  }
}
