/** Writes files that other programs read: whole, or not at all. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** An existing file is replaced. */
export async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}`;
  await writeFile(partial, content);
  await rename(partial, path);
}

export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
