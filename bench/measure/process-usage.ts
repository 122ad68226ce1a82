import { readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';

/** Linux counts processor time in ticks of 10 ms for every reader of /proc. */
const ticksPerSecond = 100;

/** User and system seconds of a process since its start; NaN where /proc does not tell. */
export function cpuSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name may hold blanks and brackets: the fields are counted from behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  } catch {
    return Number.NaN;
  }
}

/** The most memory the process ever held, in bytes (VmHWM); NaN where /proc does not tell. */
export function peakRssBytes(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? Number.NaN) * 1024;
  } catch {
    return Number.NaN;
  }
}

/** The process that listens on a TCP port of this machine, or null: not Linux, another machine, or another user's process. */
export function processListeningOn(port: number): number | null {
  const inodes = new Set([...listenersOf('/proc/net/tcp', port), ...listenersOf('/proc/net/tcp6', port)]);
  if (inodes.size === 0) return null;
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      for (const fd of readdirSync(`/proc/${entry}/fd`)) {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${entry}/fd/${fd}`))?.[1];
        if (inode !== undefined && inodes.has(inode)) return Number(entry);
      }
    } catch {
      // Gone meanwhile, or not ours to look at.
    }
  }
  return null;
}

function listenersOf(file: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  try {
    const lines = readFileSync(file, 'latin1').split('\n').slice(1);
    const fields = lines.map((line) => line.trim().split(/\s+/));
    return fields.filter(([, local = '', , state]) => state === '0A' && local.endsWith(`:${hex}`)).map((each) => each[9] ?? '');
  } catch {
    return [];
  }
}

/** Sets VmHWM back to what the process holds now; false where that is not allowed. */
export function resetPeakRss(pid: number): boolean {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    return true;
  } catch {
    return false;
  }
}
