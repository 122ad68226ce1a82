/**
 * Named places where a test can kill the process, as a crash would (invariant 7): `MILLRACE_FAILPOINT=NAME` or `NAME:COUNT` ends it
 * with SIGKILL at the COUNTth passage (default 1). Costs one comparison when the variable is not set.
 */
export type Failpoint =
  | 'before-commit'
  | 'inside-commit'
  | 'after-end-transaction'
  | 'after-commit'
  | 'after-confirm'
  | 'during-declare'
  | 'during-snapshot';

const [armed, count] = (process.env['MILLRACE_FAILPOINT'] ?? '').split(':');
let passages = 0;

export function failpoint(name: Failpoint): void {
  if (name !== armed) return;
  passages += 1;
  if (passages >= Number(count ?? 1)) process.kill(process.pid, 'SIGKILL');
}
