/**
 * A disk of a few megabytes of its own (tmpfs; needs root or a namespace of one's own), that can be
 * filled to its last byte.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export interface SmallDisk {
  /** After this, every write to it is ENOSPC. */
  fill(): void;
  free(): void;
  unmount(): void;
}

/** @param folder empty; it is where the disk is mounted */
export function mountDisk(folder: string): SmallDisk {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder]);
  // Lazily: a worker may have a shard open.
  const unmount = (): void => void execFileSync('umount', ['--lazy', folder]);
  process.once('exit', unmount);
  const ballast = join(folder, '.writing-ballast');
  return {
    fill: () => {
      const file = openSync(ballast, 'a');
      try {
        for (let bytes = 1 << 16; bytes >= 1;) {
          try {
            if (writeSync(file, Buffer.alloc(bytes)) < bytes) bytes >>= 1;
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
            bytes >>= 1;
          }
        }
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(ballast, { force: true }),
    unmount: () => {
      process.off('exit', unmount);
      unmount();
    },
  };
}
