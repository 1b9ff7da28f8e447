/**
 * Folders of audio: a folder a class, below folders of splits or not; Speech Commands, whose lists
 * name the files of validation and test; or files alone, without labels.
 */
import { counted } from '../../../ced/counted';
import { join } from 'node:path';
import { sourceGroup } from '../../../ced/corpus/source-group';
import type { SplitName } from '../../../ced/corpus/split-clips';
import { openSource } from '../../../storage/sources/open-source';
import { readSource } from '../../../storage/sources/source';
import { className } from '../class-labels';
import { listed } from '../listed';
import type { AudioFile } from './audio-files';
import type { Dataset, DatasetClip } from './dataset';
import { splitOfFolder } from './split-names';

const LONGEST_LIST_BYTES = 2 ** 26;
/** A folder that keeps audio apart from other files, where there is no other. */
const OF_ALL_AUDIO = /^(audio|clip|data|file|flac|mp3|ogg|recording|sound|wav)s?([-_ ]?files?)?$/i;
/** Noise that Speech Commands mixes in: no class of its own. */
const NOISE = '_background_noise_';

export async function readClassFolders(
  folder: string,
  all: readonly AudioFile[],
): Promise<Dataset> {
  const lists = await speechCommandsLists(folder);
  if (lists) return speechCommands(all, lists);
  const { splits, beside } = splitFolders(all);
  const hasSplits = splits !== null;
  const files = splits ?? all;
  const labelled = files.filter(({ folders }) => folders.length > (hasSplits ? 1 : 0));
  const outermost = new Set(labelled.map(({ folders }) => folders[hasSplits ? 1 : 0] ?? ''));
  const [only = ''] = outermost.size === 1 ? outermost : [];
  const isNoClass = OF_ALL_AUDIO.test(only);
  const areClasses = labelled.length === files.length && files.length > 0 && !isNoClass;
  const clips = files.map((file): DatasetClip => {
    const folders = hasSplits ? file.folders.slice(1) : file.folders;
    const { group, isNumbered } = sourceGroup(file.stem);
    // A folder in that of a class is a recording, whatever it holds is a piece of it.
    const isOfClass = folders.length < 2;
    return {
      clip: file.relative,
      audio: file.path,
      labels: areClasses && folders[0] !== undefined ? [folders[0]] : null,
      split: hasSplits ? splitOfFolder(file.folders[0]) : null,
      group: (isOfClass ? [...folders, group] : folders.slice(0, 2)).join('/'),
      ...(isNumbered && isOfClass ? { ownGroup: [...folders, file.stem].join('/') } : {}),
    };
  });
  const classes = new Set(clips.flatMap(({ labels }) => labels?.map(className) ?? [])).size;
  const layout = areClasses
    ? `a folder a class, ${counted(classes, 'class', 'classes')}` +
      (hasSplits ? ', below folders of splits' : '')
    : 'audio files without labels';
  const noClass = isNoClass ? [`the folder ${only} holds all audio and is taken for no class`] : [];
  const notes = [...noClass, ...deeperNotes(files, hasSplits, areClasses), ...beside];
  return { layout, clips, notes };
}

/**
 * The files below folders of splits, null where the outermost folders are none; and a note of the
 * files that lie beside such folders. Two splits with a folder a class in each are enough to tell.
 */
function splitFolders(files: readonly AudioFile[]): {
  splits: AudioFile[] | null;
  beside: string[];
} {
  const below = files.filter(({ folders }) => splitOfFolder(folders[0]) !== null);
  const names = new Set(below.map(({ folders }) => folders[0]));
  const hasClasses = below.every(({ folders }) => folders.length > 1);
  const others = files.filter(({ folders }) => splitOfFolder(folders[0]) === null);
  const [first] = others;
  if (names.size < 2 || (first && !hasClasses)) return { splits: null, beside: [] };
  if (!first) return { splits: below, beside: [] };
  const note =
    counted(others.length, 'file lies', 'files lie') +
    ` outside of the folders of splits (${listed([...names].map((name) => name!))}) and ` +
    `${others.length === 1 ? 'is' : 'are'} left out, for example ${first.relative}`;
  return { splits: below, beside: [note] };
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
          counted(inFolders, 'file lies in a folder', 'files lie in folders') +
            ` and ${files.length - inFolders} beside, so ` +
            'that folders are no classes; move the files into folders to label them',
        ]
      : [];
  }
  if (deeper === 0) return [];
  const outermost =
    counted(deeper, 'file lies', 'files lie') +
    ' deeper than the folder of a class; the outermost folder is';
  if (deeper < files.length) return [`${outermost} the class`];
  const inner = new Map<string, Set<string>>();
  for (const { folders } of files) {
    const [name = '', below = ''] = folders.slice(depth - 1);
    inner.set(name, (inner.get(name) ?? new Set()).add(below));
  }
  const joined = [...inner].map(([name, below]) => `${name} (${listed([...below], 3)})`);
  return [
    `${outermost} the class, and the folders in it are taken for its recordings: ` +
      `${listed(joined)}; if those are the classes, call ced init for a folder that holds them ` +
      'directly, or put a CSV with filename,label beside the folders',
  ];
}

async function speechCommandsLists(folder: string): Promise<Map<string, SplitName> | null> {
  const read = async (name: string): Promise<string[] | null> =>
    await readSource(openSource(join(folder, name)), LONGEST_LIST_BYTES).then(
      (bytes) =>
        bytes
          .toString('utf8')
          .split(/\r?\n/)
          .filter((line) => line !== ''),
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
        : [`${counted(noise, 'file', 'files')} of ${NOISE} and outside of class folders left out`]),
      ...(gone === 0
        ? []
        : [
            counted(gone, 'file that the lists name is', 'files that the lists name are') +
              ' not there',
          ]),
    ],
  };
}
