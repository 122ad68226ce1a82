/**
 * Something on this machine keeps the demo or the tests from starting, and a person can do something about it. The message is
 * one sentence with the reason and what to do; it is shown without a stack.
 */
export class SetUpError extends Error {
  override readonly name = 'SetUpError';
}
