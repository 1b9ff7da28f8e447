/** Writes files that other programs read: whole, or not at all. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** An existing file is replaced. */
export async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}`;
  await writeFile(partial, content);
  await rename(partial, path);
}

/** By their names in the folder. */
export type FolderFiles = Readonly<Record<string, Uint8Array | string>>;

/** Other files of the folder stay. */
export async function writeFolder(folder: string, files: FolderFiles): Promise<void> {
  for (const [name, content] of Object.entries(files))
    await writeWhole(join(folder, name), content);
}
