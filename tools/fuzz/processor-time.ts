import { readFileSync } from 'node:fs';

/** Linux counts processor time in these, whatever its kernel's own tick is (proc_pid_stat(5)). */
const TICK_MS = 10;

/** Processor time of a process and all its threads so far; 0 where it has ended or isn't Linux. */
export function processorMs(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // After the name, which may hold spaces: state is field 3, utime 14, stime 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return 0;
  }
}
