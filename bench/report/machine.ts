import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { version } from '../../src/version.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  readonly millrace: string;
  /** Work waiting for a core when the bench began (1 minute average): above 1 the numbers are not to be trusted. */
  readonly loadBefore: number;
}

export function machine(): Machine {
  const all = cpus();
  let loadBefore = Number.NaN;
  try {
    loadBefore = Number(readFileSync('/proc/loadavg', 'latin1').split(' ')[0]);
  } catch {
    // Not Linux.
  }
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    millrace: version,
    loadBefore,
  };
}
