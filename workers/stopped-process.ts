/**
 * Notices that something stopped a process (SIGSTOP), by the kernel's own account: a process that
 * is slow, or has no share of the processors, does not count as stopped.
 */
import { readFileSync } from 'node:fs';

export class StoppedProcess {
  private wasStopped = false;

  /** @returns whether it was stopped at two looks in a row: one may be stopped for a moment */
  look(pid: number | undefined): boolean {
    const wasStopped = this.wasStopped;
    this.wasStopped = isStopped(pid);
    return wasStopped && this.wasStopped;
  }
}

/** false for one that a debugger holds, and for none */
function isStopped(pid: number | undefined): boolean {
  try {
    // Its name, in parentheses, may hold anything.
    return /^\d+ \(.*\) T /s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
