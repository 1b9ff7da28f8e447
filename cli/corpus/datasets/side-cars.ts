/**
 * Audio files that each have a `.json` or `.cls` beside them with their labels: WebDataset's
 * samples, unpacked.
 */
import { counted } from '../../../ced/counted';
import { readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { sourceGroup } from '../../../ced/corpus/source-group';
import { labelsOfSideCar, splitName } from '../../../ced/corpus/webdataset';
import { mapOrdered } from '../../../storage/map-ordered';
import type { SourceOptions } from '../../../storage/sources/source';
import type { AudioFile } from './audio-files';
import { classFacts, namesOf, readClassNames } from './class-names';
import type { Dataset, DatasetClip } from './dataset';
import { splitIn } from './split-names';

const FILES_AT_ONCE = 16;
const SIDE_CAR = /\.(json|cls)$/i;

/** @returns paths of side-cars below the folder, by the key of the audio that they lie beside */
export function sideCarsOf(
  files: readonly AudioFile[],
  others: readonly string[],
): Map<string, string[]> {
  const keys = new Set(files.map(({ relative }) => splitName(relative).key));
  const found = new Map<string, string[]>();
  for (const other of others) {
    const { key } = splitName(other);
    if (SIDE_CAR.test(other) && keys.has(key)) found.set(key, [...(found.get(key) ?? []), other]);
  }
  return found;
}

/** @returns null where less than half of the audio is labelled so */
export async function readSideCars(
  folder: string,
  files: readonly AudioFile[],
  sideCars: ReadonlyMap<string, readonly string[]>,
  sources: SourceOptions,
): Promise<Dataset | null> {
  if (sideCars.size * 2 < files.length || files.length === 0) return null;
  const names = await readClassNames(folder, [], sources);
  let unreadable = 0;
  const clips: DatasetClip[] = [];
  const reading = mapOrdered(files, FILES_AT_ONCE, async (file) => {
    let labels: string[] | null = null;
    for (const sideCar of sideCars.get(splitName(file.relative).key) ?? []) {
      const text = await readFile(join(folder, sideCar), 'utf8');
      const found = labelsOfSideCar(extname(sideCar).toLowerCase(), text);
      if (found === undefined) unreadable++;
      else if (found !== 'noField' && found !== null) labels = namesOf(found, names);
    }
    return { file, labels };
  });
  for await (const { file, labels } of reading) {
    const { group, isNumbered } = sourceGroup(basename(splitName(file.relative).key));
    clips.push({
      clip: file.relative,
      audio: file.path,
      labels,
      split: splitIn(file.relative),
      group: [...file.folders, group].join('/'),
      ...(isNumbered ? { ownGroup: file.relative } : {}),
    });
  }
  const labelled = clips.filter(({ labels }) => labels !== null);
  if (labelled.length * 2 < clips.length) return null;
  const without = clips.length - labelled.length;
  const notes = [
    ...names.notes,
    ...(unreadable === 0
      ? []
      : [`${counted(unreadable, '.json or .cls file', '.json or .cls files')} cannot be read`]),
    ...(without === 0
      ? []
      : [
          counted(without, 'audio file is', 'audio files are') +
            ' left out: no labels in a .json or .cls beside',
        ]),
  ];
  const layout = 'audio with labels in a .json or .cls beside each file';
  return { layout, clips: labelled, ...classFacts(names), notes };
}
