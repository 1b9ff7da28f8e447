import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Keeps two processes from rendering into one folder: with different recipes each would delete the
 * other's clips. The claim is a file with the process id; the claim of a dead process is ignored.
 *
 * @returns a function that releases the folder
 */
export function claimFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const claim = path.join(folder, 'rendering.pid');
  try {
    writeFileSync(claim, String(process.pid), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const owner = Number(readFileSync(claim, 'utf8'));
    if (isAlive(owner))
      throw new Error(
        `${folder} is being rendered by process ${owner}: wait for it, or choose another folder`,
      );
    writeFileSync(claim, String(process.pid));
  }
  return () => rmSync(claim, { force: true });
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
