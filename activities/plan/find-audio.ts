/**
 * Finds the audio files of a local table: beside the table, below the run's root, below a folder
 * above the table that the paths tell of, or in the folders where published datasets keep them
 * (ESC-50's `audio/` beside `meta/`, FSD50K's `*.dev_audio/`).
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, parse, resolve } from 'node:path';
import { hasAudioEnding } from '../../ced/audio/audio-names';

/** UrbanSound8K keeps clips in folders of folds. */
const DEEPEST = 1;

export interface FoundAudio {
  /** null where none of the places holds it. */
  path: string | null;
  /** The places that were tried, for messages. */
  lookedIn: string[];
  /** Several files of the name, in different folders: none of them is taken. */
  sameName?: string[];
}

export class AudioFinder {
  private readonly folders = new Map<string, Promise<Map<string, string[]>>>();
  private readonly around = new Map<string, Promise<string[]>>();

  /** @param root folder that relative paths of the run file start from */
  constructor(private readonly root: string) {}

  /**
   * @param missing path of the file beside the table, where it is not
   * @param written path as the table writes it
   * @param stems names without ending to look for; absent = the name that is written
   */
  async find(missing: string, written: string, stems?: readonly string[]): Promise<FoundAudio> {
    const folder = tableFolder(missing, written);
    const starts = [folder, this.root, ...foldersAbove(folder, written)];
    for (const start of starts)
      for (const path of spellings(written).map((name) => resolve(start, name)))
        if (await isFile(path)) return { path, lookedIn: [] };
    // Base names are looked up in other folders only where the table names no folder itself.
    const places = dirname(written) === '.' ? await this.placesAround(folder) : [];
    for (const place of places) {
      const names = await this.namesIn(place);
      for (const stem of stems ?? [basename(written)]) {
        const [path, ...others] = names.get(stem.normalize()) ?? [];
        if (path === undefined) continue;
        const sameName = [path, ...others.filter((other) => dirname(other) !== dirname(path))];
        return sameName.length === 1
          ? { path, lookedIn: [] }
          : { path: null, lookedIn: [place], sameName };
      }
    }
    return { path: null, lookedIn: [...new Set([...starts, ...places])] };
  }

  private placesAround(folder: string): Promise<string[]> {
    const known = this.around.get(folder) ?? datasetFolders(folder);
    this.around.set(folder, known);
    return known;
  }

  /** Audio files of a folder by their names, with and without ending. */
  private namesIn(folder: string): Promise<Map<string, string[]>> {
    const known = this.folders.get(folder) ?? listAudio(folder);
    this.folders.set(folder, known);
    return known;
  }
}

/** As it is written; with Windows' separators; in the composed and decomposed form of Unicode. */
function spellings(written: string): string[] {
  const forms = [written, written.normalize('NFC'), written.normalize('NFD')];
  return [...new Set(forms.flatMap((form) => [form, form.replaceAll('\\', '/')]))];
}

/** `audio` is `written` below the table's folder. */
function tableFolder(audio: string, written: string): string {
  const depth = written.split('/').filter((part) => part !== '' && part !== '.').length;
  let folder = audio;
  for (let level = 0; level < depth; level++) folder = dirname(folder);
  return folder;
}

/**
 * Folders above the table's in which its paths may start: a table in `/a/data/lists` that names
 * `data/x.wav` was written in `/a`.
 */
function foldersAbove(folder: string, written: string): string[] {
  const first = written.split(/[\\/]/).find((part) => part !== '' && part !== '.');
  const found: string[] = [];
  for (let place = folder; place !== dirname(place); place = dirname(place))
    if (basename(place) === first) found.push(dirname(place));
  return found;
}

async function datasetFolders(folder: string): Promise<string[]> {
  const around = [folder, dirname(folder)];
  const lists = await Promise.all(
    around.map(async (parent) => {
      const names = await readdir(parent, { withFileTypes: true }).catch(() => []);
      return names
        .filter((entry) => entry.isDirectory() && /audio|clips|wav/i.test(entry.name))
        .map(({ name }) => join(parent, name))
        .sort();
    }),
  );
  return [folder, ...lists.flat()];
}

async function listAudio(folder: string): Promise<Map<string, string[]>> {
  const names = new Map<string, string[]>();
  const add = async (place: string, depth: number): Promise<void> => {
    const entries = await readdir(place, { withFileTypes: true }).catch(() => []);
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(place, entry.name);
      if (entry.isDirectory() && depth < DEEPEST) await add(path, depth + 1);
      if (entry.isDirectory() || !hasAudioEnding(entry.name)) continue;
      for (const name of [entry.name, parse(entry.name).name].map((each) => each.normalize())) {
        const paths = names.get(name);
        // Datasets with a folder for each recording have one name in all of them.
        if (paths) paths.push(path);
        else names.set(name, [path]);
      }
    }
  };
  await add(folder, 0);
  return names;
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
