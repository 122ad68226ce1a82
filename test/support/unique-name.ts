import { randomBytes } from 'node:crypto';

/** `prefix_1f9c…`: fits a topic, slot, database, subject or connector, and no other test takes it. */
export function uniqueName(prefix: string): string {
  return `${prefix}_${randomBytes(5).toString('hex')}`;
}
