/** Audio files below a folder. */
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, parse, relative, sep } from 'node:path';
import { hasAudioEnding } from '../../../ced/audio/audio-names';
import { irregularFile } from '../../../storage/sources/irregular-file';

/** A dataset is no file system: folders below this many are not looked at. */
export const DEEPEST = 9;
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

/** A file that is named explicitly is read whatever its name. */
export function isAudio(name: string): boolean {
  return hasAudioEnding(name) && !name.startsWith('.');
}

export interface FoundFiles {
  /** In the order of their paths. */
  files: AudioFile[];
  /** Paths of other files below the folder. */
  others: string[];
  /** Paths below the folder that are no files, whatever their names. */
  irregular: { path: string; what: string }[];
  /** Paths of folders without any file. */
  empty: string[];
  /** Paths of folders that were not looked at. */
  tooDeep: string[];
}

/**
 * Links to files and folders are followed, but into no folder that they lie in. Hidden files and
 * archivers' files are left out.
 */
export async function audioFiles(folder: string): Promise<FoundFiles> {
  const found: FoundFiles = { files: [], others: [], irregular: [], empty: [], tooDeep: [] };
  /** @param above real paths of the folders on the way here */
  const walk = async (place: string, above: readonly string[]): Promise<void> => {
    const entries = await readdir(place, { withFileTypes: true });
    const wanted = entries.filter(({ name }) => !name.startsWith('.') && name !== '__MACOSX');
    if (wanted.length === 0) found.empty.push(relative(folder, place));
    for (const each of wanted.sort(byName)) {
      const { name } = each;
      const path = join(place, name);
      const entry = each.isSymbolicLink() ? await stat(path).catch(() => null) : each;
      const real = entry?.isDirectory() ? await realpath(path) : null;
      if (real !== null) {
        if (above.includes(real)) continue;
        if (above.length <= DEEPEST) await walk(path, [...above, real]);
        else found.tooDeep.push(relative(folder, path));
      } else if (!entry?.isFile()) {
        const { what } = (await irregularFile(path)) ?? { what: 'gone' };
        found.irregular.push({ path: relative(folder, path), what });
      } else if (!isAudio(name)) found.others.push(relative(folder, path));
      else {
        const below = relative(folder, path).split(sep);
        const stem = parse(name).name;
        found.files.push({ path, relative: below.join('/'), folders: below.slice(0, -1), stem });
        if (found.files.length > MOST_FILES)
          throw new RangeError(`${folder} holds more than ${MOST_FILES} audio files`);
      }
    }
  };
  await walk(folder, [await realpath(folder)]);
  return found;
}

function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
