import { ConnectError } from '../base/errors.ts';

/**
 * A cell that does not fit its kind. `reason` says what was expected and how it failed (`not an int32: out of range`),
 * never the value itself; the row encoder adds column and table, and a remedy where there is none.
 */
export function valueError(reason: string, remedy?: string): ConnectError {
  return new ConnectError('data.value', reason, remedy === undefined ? {} : { remedy });
}
