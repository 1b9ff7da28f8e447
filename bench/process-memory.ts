/** Memory of a process on Linux, see proc_pid_status(5). */
import { readFileSync } from 'node:fs';

/**
 * @param what `VmRSS`: resident now; `VmHWM`: the most so far
 * @returns bytes; NaN where it is not stated
 */
export function memoryBytes(pid: number | 'self' | undefined, what: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${what}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? NaN) * 1024;
}
