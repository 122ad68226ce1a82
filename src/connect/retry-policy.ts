import { javaRegex } from '../base/java-regex.ts';
import type { JavaRegex } from '../base/java-regex.ts';
import type { RawConfig } from './config-spec.ts';

/** What becomes of failures that may pass. */
export interface RetryPolicy {
  /** Bounds how long a task stays down after what it needs is back. */
  readonly delayMsMax: number;
  /** Every pause is this long; null: they grow. */
  readonly delayMs: number | null;
  /** So many failures in a row are followed by another attempt; -1: any number. */
  readonly retriesMax: number;
  /** Failures with such a message may pass, whatever they are; null: none are named. */
  readonly passing: JavaRegex | null;
}

const passingKey = 'internal.custom.retriable.exception';

/** Of a config as it is, references not resolved, which may also be one that was refused: what cannot be read of it counts as not given. */
export function retryPolicy(config: RawConfig): RetryPolicy {
  const number = <T>(key: string, byDefault: T): number | T => {
    const text = config[key] ?? '';
    return text === '' || !Number.isFinite(Number(text)) ? byDefault : Number(text);
  };
  return {
    delayMsMax: number('errors.retry.delay.max.ms', 60_000),
    delayMs: number('retriable.restart.connector.wait.ms', null),
    retriesMax: number('errors.max.retries', -1),
    passing: passingFailures(config[passingKey]),
  };
}

function passingFailures(text: string | null | undefined): JavaRegex | null {
  try {
    return text === undefined || text === null || text === '' ? null : javaRegex(text, passingKey);
  } catch {
    return null;
  }
}
