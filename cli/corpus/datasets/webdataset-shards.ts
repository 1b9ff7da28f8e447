/**
 * WebDataset shards: a folder of `.tar` files, or one of them, whose audio has its labels beside
 * it. The audio is unpacked into the cache once, so that one shard's clips can be in several
 * splits.
 */
import { readdir } from 'node:fs/promises';
import { basename, join, parse } from 'node:path';
import { readTables } from '../../../activities/plan/read-table';
import { sourceGroup } from '../../../ced/corpus/source-group';
import { splitName } from '../../../ced/corpus/webdataset';
import type { SourceOptions } from '../../../storage/sources/source';
import { audioFiles } from './audio-files';
import { namesOf, readClassNames } from './class-names';
import type { Dataset, DatasetClip } from './dataset';
import { splitNamed } from './table-files';
import { unpack } from './unpack';

/** The shards of a folder that holds nothing else that could be a dataset. */
export async function shardsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => /\.tar$/i.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** @returns null where no clip of the shards has labels */
export async function readWebDataset(
  shards: readonly string[],
  cache: string,
  sources: SourceOptions,
): Promise<Dataset | null> {
  const [first] = shards;
  if (first === undefined) return null;
  const names = await readClassNames(parse(first).dir, []);
  const clips: DatasetClip[] = [];
  const notes: string[] = [];
  for (const shard of shards) {
    const { rows, rejected, notes: own } = await readTables('/', shard, shard, sources);
    if (rows.every(({ labels }) => labels === null)) {
      notes.push(`${basename(shard)} is left out: no labels lie beside its audio`);
      continue;
    }
    notes.push(...own, ...rejected.map(({ clip, reason }) => `${clip} is left out: ${reason}`));
    const { files } = await audioFiles(await unpack(shard, cache));
    const audioOf = new Map(files.map((file) => [splitName(file.relative).key, file]));
    for (const { clip, labels } of rows) {
      const file = audioOf.get(clip);
      if (!file) continue;
      const { group, isNumbered } = sourceGroup(basename(clip));
      clips.push({
        clip: shards.length > 1 ? `${parse(shard).name}/${clip}` : clip,
        audio: file.path,
        labels: labels && namesOf(labels, names),
        split: splitNamed(parse(shard).name),
        group,
        ...(isNumbered ? { ownGroup: clip } : {}),
      });
    }
  }
  if (clips.length === 0) return null;
  const count = shards.length === 1 ? 'a shard' : `${shards.length} shards`;
  return { layout: `WebDataset, ${count}`, clips, mids: names.mids, notes };
}
