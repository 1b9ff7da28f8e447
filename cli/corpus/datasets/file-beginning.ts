import { open } from 'node:fs/promises';

/** The first bytes of a file, fewer where it is shorter. */
export async function fileBeginning(path: string, bytes: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes));
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
