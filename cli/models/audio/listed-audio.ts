/** The audio files that the operands of a command name. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../../infra/command-line/usage-error';
import { isAudio } from '../../corpus/datasets/audio-files';

export const audioOperands = {
  rows: {
    FILE: 'an audio file',
    DIR: 'a folder: the audio files in it and in its subfolders',
    '-': 'the bytes on standard input',
  },
  expected: 'a file, a folder or -',
  least: 1,
  most: Infinity,
} as const;

export interface ListedFile {
  file: string;
  /** Why it cannot be read, where that is known before it is opened. */
  fault?: UsageError;
}

/**
 * Faults are reported with the file, so that one wrong name does not keep the others from being
 * read.
 * @throws {UsageError} when standard input is named twice
 */
export async function listAudio(places: readonly string[]): Promise<ListedFile[]> {
  if (places.filter((place) => place === '-').length > 1)
    throw new UsageError('ced: standard input can be read once');
  const files: ListedFile[] = [];
  for (const place of places) {
    try {
      files.push(...(await filesIn(place)).map((file) => ({ file })));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const fault = error instanceof UsageError ? error : unreadable(code);
      files.push({ file: place, fault });
    }
  }
  return files;
}

function unreadable(code: string | undefined): UsageError {
  return new UsageError(code === 'ENOENT' ? 'no such file or folder' : `cannot be read (${code})`);
}

async function filesIn(place: string): Promise<string[]> {
  if (place === '-' || !(await stat(place)).isDirectory()) return [place];
  const entries = await readdir(place, { recursive: true, withFileTypes: true });
  const audio = entries.filter((entry) => !entry.isDirectory() && isAudio(entry.name));
  if (audio.length === 0) throw new UsageError('no audio files in this folder');
  return audio.map((entry) => join(entry.parentPath, entry.name)).sort();
}
