import { stack } from '../../support/stack.ts';

/** The servers that a test of the server's behaviour runs on, newest first. */
export const servers: readonly (readonly [version: string, url: string])[] = [
  ['newest', stack.postgres],
  ...(stack.postgres15 === null ? [] : [['15', stack.postgres15] as const]),
];
