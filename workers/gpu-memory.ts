/**
 * Memory in use on each GPU of this machine, by the driver's own tool; empty where there is none.
 */
import { execFile } from 'node:child_process';

export interface GpuMemory {
  /** Number of the GPU, from 0. */
  gpu: string;
  bytes: number;
}

const QUERY = ['--query-gpu=index,memory.used', '--format=csv,noheader,nounits'];

export async function readGpuMemory(program = 'nvidia-smi'): Promise<GpuMemory[]> {
  return await new Promise((resolve) => {
    execFile(program, QUERY, { timeout: 5000 }, (error, output) =>
      resolve(error ? [] : parseGpuMemory(output)),
    );
  });
}

/** Lines of `0, 1234`, in MiB. */
export function parseGpuMemory(output: string): GpuMemory[] {
  return output.split('\n').flatMap((line) => {
    const match = /^\s*(\d+),\s*(\d+)\s*$/.exec(line);
    return match ? [{ gpu: match[1] ?? '', bytes: Number(match[2]) * 2 ** 20 }] : [];
  });
}
