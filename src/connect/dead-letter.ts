import { findConnectError } from '../base/errors.ts';
import { stringifyOffset } from '../record/offset.ts';
import { encodeHeaderBlock } from './header-encoder.ts';

/** Where in the way of a change from source to batch something failed, under Kafka Connect's names. */
export const Stage = {
  TASK_POLL: 0,
  TRANSFORMATION: 1,
  HEADER_CONVERTER: 2,
  KEY_CONVERTER: 3,
  VALUE_CONVERTER: 4,
} as const;
export type Stage = (typeof Stage)[keyof typeof Stage];

/** By `Stage`. */
export const stageNames = Object.keys(Stage);

/** What is known about a change or row that was given up. Never a cell value, but for `raw`. */
export interface FailedRecord {
  readonly connector: string;
  readonly taskId: number;
  readonly stage: Stage;
  /** Where it would have gone; null when it never became a change. */
  readonly topic: string | null;
  /** For a person: `rides.csv line 12`. Empty when the error itself says it. */
  readonly position: string;
  readonly error: Error;
  /** The row as it was read, where the source can tell. */
  readonly raw: Uint8Array | null;
  /** Of its dead letter, so that those of one key keep their order. */
  readonly key: Uint8Array | null;
}

/** The value of a dead letter: the raw row where there is one, else a JSON object that says what failed where and why. */
export function deadLetterValue(failed: FailedRecord): Uint8Array {
  if (failed.raw !== null) return failed.raw;
  const { connector, stage, topic, position, error } = failed;
  return Buffer.from(
    JSON.stringify({
      connector,
      stage: stageNames[stage],
      topic,
      position,
      error: error.message,
      code: findConnectError(error)?.code ?? 'internal',
    }),
  );
}

/** Kafka Connect's context headers, as a record batch wants them. */
export function deadLetterHeaders(failed: FailedRecord): Uint8Array {
  const { connector, taskId, stage, topic, position, error } = failed;
  const details = Object.entries(findConnectError(error)?.details ?? {});
  return encodeHeaderBlock([
    ...(topic === null ? [] : [['__connect.errors.topic', topic] as const]),
    ['__connect.errors.connector.name', connector],
    ['__connect.errors.task.id', String(taskId)],
    ['__connect.errors.stage', stageNames[stage] as string],
    ['__connect.errors.exception.class.name', error.name],
    ['__connect.errors.exception.message', error.message],
    ['__connect.errors.exception.stacktrace', error.stack ?? ''],
    ...(position === '' ? [] : [['__connect.errors.source.position', position] as const]),
    ...(details.length === 0 ? [] : [['__connect.errors.details', stringifyOffset(Object.fromEntries(details))] as const]),
  ]);
}
