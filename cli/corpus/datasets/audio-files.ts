/** Audio files below a folder. */
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { extname, join, parse, relative, sep } from 'node:path';

/** A file that is named explicitly is read whatever its name. */
const AUDIO = new Set(
  (
    '.wav .flac .ogg .oga .opus .mp3 .mp2 .m4a .m4b .mp4 .aac .webm .mka .wma .aif .aiff .aifc ' +
    '.w64 .caf .au .snd .wv .ape .tta .amr .ac3 .sph .voc'
  ).split(' '),
);
/** A dataset is no file system: what lies deeper is not looked at, and said so. */
const DEEPEST = 8;
const MOST_FILES = 5_000_000;

export interface AudioFile {
  path: string;
  /** Below the folder, with `/`. */
  relative: string;
  /** Names of the folders between, outermost first. */
  folders: string[];
  /** Name without ending. */
  stem: string;
}

export function isAudio(name: string): boolean {
  return AUDIO.has(extname(name).toLowerCase()) && !name.startsWith('.');
}

/**
 * In the order of their paths. Hidden files and archivers' files are left out.
 * @returns the audio files, and the names of others
 */
export async function audioFiles(
  folder: string,
): Promise<{ files: AudioFile[]; others: string[] }> {
  const found: AudioFile[] = [];
  const others: string[] = [];
  const walk = async (place: string, depth: number): Promise<void> => {
    const entries = await readdir(place, { withFileTypes: true });
    for (const entry of entries.sort(byName)) {
      if (entry.name.startsWith('.') || entry.name === '__MACOSX') continue;
      const path = join(place, entry.name);
      if (entry.isDirectory()) {
        if (depth < DEEPEST) await walk(path, depth + 1);
      } else if (!isAudio(entry.name)) others.push(relative(folder, path));
      else if (entry.isFile() || entry.isSymbolicLink()) {
        const below = relative(folder, path).split(sep);
        const stem = parse(entry.name).name;
        found.push({ path, relative: below.join('/'), folders: below.slice(0, -1), stem });
        if (found.length > MOST_FILES)
          throw new RangeError(`${folder} holds more than ${MOST_FILES} audio files`);
      }
    }
  };
  await walk(folder, 0);
  return { files: found, others };
}

function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
