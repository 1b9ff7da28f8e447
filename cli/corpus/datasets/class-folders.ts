/**
 * Folders of audio: a folder a class, below folders of splits or not; Speech Commands, whose lists
 * name the files of validation and test; or files alone, without labels.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sourceGroup } from '../../../ced/corpus/source-group';
import type { SplitName } from '../../../ced/corpus/split-clips';
import { className } from '../class-labels';
import { listed } from '../listed';
import type { AudioFile } from './audio-files';
import type { Dataset, DatasetClip } from './dataset';

const SPLIT_FOLDERS: Readonly<Record<string, SplitName>> = {
  train: 'train',
  training: 'train',
  train_set: 'train',
  valid: 'validation',
  validation: 'validation',
  val: 'validation',
  dev: 'validation',
  test: 'eval',
  testing: 'eval',
  eval: 'eval',
  evaluation: 'eval',
};
/** Noise that Speech Commands mixes in: no class of its own. */
const NOISE = '_background_noise_';

export async function readClassFolders(
  folder: string,
  files: readonly AudioFile[],
): Promise<Dataset> {
  const lists = await speechCommandsLists(folder);
  if (lists) return speechCommands(files, lists);
  const firsts = new Set(files.map(({ folders }) => folders[0]));
  const hasSplits =
    firsts.size > 1 &&
    [...firsts].every((name) => splitOf(name) !== null) &&
    !firsts.has(undefined);
  const labelled = files.filter(({ folders }) => folders.length > (hasSplits ? 1 : 0));
  const areClasses = labelled.length === files.length && files.length > 0;
  const clips = files.map((file): DatasetClip => {
    const folders = hasSplits ? file.folders.slice(1) : file.folders;
    const { group, isNumbered } = sourceGroup(file.stem);
    // Deeper folders tell recordings apart.
    const isOfClass = folders.length < 2;
    return {
      clip: file.relative,
      audio: file.path,
      labels: areClasses && folders[0] !== undefined ? [folders[0]] : null,
      split: hasSplits ? splitOf(file.folders[0]) : null,
      group: [...folders, group].join('/'),
      ...(isNumbered && isOfClass ? { ownGroup: [...folders, file.stem].join('/') } : {}),
    };
  });
  const classes = new Set(clips.flatMap(({ labels }) => labels?.map(className) ?? [])).size;
  const layout = areClasses
    ? `a folder a class, ${classes} classes${hasSplits ? ', below folders of splits' : ''}`
    : 'audio files without labels';
  return { layout, clips, notes: deeperNotes(files, hasSplits, areClasses) };
}

function deeperNotes(
  files: readonly AudioFile[],
  hasSplits: boolean,
  areClasses: boolean,
): string[] {
  const depth = hasSplits ? 2 : 1;
  const deeper = files.filter(({ folders }) => folders.length > depth).length;
  if (!areClasses) {
    const inFolders = files.filter(({ folders }) => folders.length > 0).length;
    return inFolders > 0 && inFolders < files.length
      ? [
          `${inFolders} files lie in folders and ${files.length - inFolders} beside them, so ` +
            'that folders are no classes; move the files into folders to label them',
        ]
      : [];
  }
  if (deeper === 0) return [];
  const outermost = `${deeper} files lie deeper than their class's folder; the outermost folder is`;
  if (deeper < files.length) return [`${outermost} their class`];
  const inner = new Map<string, Set<string>>();
  for (const { folders } of files) {
    const [name = '', below = ''] = folders.slice(depth - 1);
    inner.set(name, (inner.get(name) ?? new Set()).add(below));
  }
  const joined = [...inner].map(([name, below]) => `${name} (${listed([...below], 3)})`);
  return [
    `${outermost} their class, and the folders in it are taken for its recordings: ` +
      `${listed(joined)}; if those are the classes, call ced init for a folder that holds them ` +
      'directly, or put a CSV with filename,label beside the folders',
  ];
}

/** The split that a word names, if it does. */
export function splitOf(name: string | undefined): SplitName | null {
  return SPLIT_FOLDERS[(name ?? '').toLowerCase()] ?? null;
}

async function speechCommandsLists(folder: string): Promise<Map<string, SplitName> | null> {
  const read = async (name: string): Promise<string[] | null> =>
    await readFile(join(folder, name), 'utf8').then(
      (text) => text.split(/\r?\n/).filter((line) => line !== ''),
      () => null,
    );
  const [validation, testing] = await Promise.all([
    read('validation_list.txt'),
    read('testing_list.txt'),
  ]);
  if (!validation || !testing) return null;
  return new Map([
    ...validation.map((path): [string, SplitName] => [path, 'validation']),
    ...testing.map((path): [string, SplitName] => [path, 'eval']),
  ]);
}

function speechCommands(
  files: readonly AudioFile[],
  lists: ReadonlyMap<string, SplitName>,
): Dataset {
  const spoken = files.filter(({ folders }) => folders.length === 1 && folders[0] !== NOISE);
  const clips = spoken.map((file): DatasetClip => ({
    clip: file.relative,
    audio: file.path,
    labels: [file.folders[0]!],
    split: lists.get(file.relative) ?? 'train',
    group: sourceGroup(file.stem).group,
  }));
  const noise = files.length - spoken.length;
  const present = new Set(clips.map(({ clip }) => clip));
  const gone = [...lists.keys()].filter((path) => !present.has(path)).length;
  return {
    layout: 'Speech Commands, with its lists of validation and test',
    clips,
    notes: [
      ...(noise === 0
        ? []
        : [`${noise} files of ${NOISE} and outside of class folders are left out`]),
      ...(gone === 0 ? [] : [`${gone} files that the lists name are not there`]),
    ],
  };
}
