/**
 * WebDataset shards, in a folder or on the hub. Their audio is read where it lies: tables name a
 * shard and a member of it, so that one shard's clips can be in several splits.
 */
import { counted } from '../../../ced/counted';
import { basename, dirname } from 'node:path';
import { sourceGroup } from '../../../ced/corpus/source-group';
import type { TableRows } from '../../../ced/corpus/table-row';
import { mapOrdered } from '../../../storage/map-ordered';
import type { SourceOptions } from '../../../storage/sources/source';
import { UsageError } from '../../../infra/command-line/usage-error';
import { gunzipShards } from './gzipped-shards';
import { classFacts, namesOf, readClassNames } from './class-names';
import type { Dataset, DatasetClip } from './dataset';
import { splitIn } from './split-names';
import { readOneTable, refuseSeveral } from './table-places';

const SHARDS_AT_ONCE = 8;

/**
 * @param place folder that all shards lie below
 * @param options.mayBeUnlabelled otherwise shards without any labels are no dataset
 * @param options.classListsIn folders in which class lists may lie
 * @returns null where they are none
 */
export async function readWebDataset(
  place: string,
  shards: readonly string[],
  sources: SourceOptions,
  {
    mayBeUnlabelled,
    classListsIn = [place, ...shards.map(dirname)],
  }: { mayBeUnlabelled: boolean; classListsIn?: readonly string[] },
): Promise<Dataset | null> {
  if (shards.length === 0) return null;
  refuseSeveral(place, shards);
  const tables: (TableRows & { shard: string })[] = [];
  const reading = mapOrdered(shards, SHARDS_AT_ONCE, async (shard) => ({
    shard,
    ...(await readOneTable(shard, sources)),
  }));
  for await (const table of reading) tables.push(table);
  const isUnlabelled = ({ rows }: TableRows): boolean => rows.every(({ labels }) => !labels);
  const isLabelled = !tables.every(isUnlabelled);
  if (!isLabelled && !mayBeUnlabelled) return null;
  const [first = place, ...others] = classListsIn;
  const names = await readClassNames(first, others, sources);
  const clips: DatasetClip[] = [];
  const notes = [...names.notes];
  for (const table of tables) {
    const { shard, rows, rejected } = table;
    if (isLabelled && isUnlabelled(table)) {
      notes.push(`${basename(shard)} is left out: no labels lie beside its audio`);
      continue;
    }
    notes.push(...table.notes);
    const [broken] = rejected;
    if (broken)
      notes.push(
        `${basename(shard)}: ` +
          counted(rejected.length, 'sample is', 'samples are') +
          ' left out, the first is ' +
          `${broken.clip}: ${broken.reason}`,
      );
    const below = shard.slice(place.length).replace(/^\/|\.tar$/gi, '');
    const split = splitIn(below);
    for (const { clip: key, audio, member, range, labels } of rows) {
      const clip = shards.length > 1 ? `${below}/${key}` : key;
      const { group, isNumbered } = sourceGroup(basename(key));
      clips.push({
        clip,
        audio,
        ...(member !== undefined && range ? { embedded: { at: { member }, range } } : {}),
        labels: labels && namesOf(labels, names),
        split,
        group,
        ...(isNumbered ? { ownGroup: clip } : {}),
      });
    }
  }
  if (clips.length === 0) {
    if (notes.length === 0) return null;
    throw new UsageError(`ced init: no clip of ${place} can be used: ${notes.join('; ')}`);
  }
  const count = shards.length === 1 ? 'a shard' : `${shards.length} shards`;
  return { layout: `WebDataset, ${count}`, clips, ...classFacts(names), notes };
}

/** The same of shards that were gzipped, which the cache then holds unpacked. */
export async function readGzippedShards(
  place: string,
  gzipped: readonly string[],
  cache: string,
  sources: SourceOptions,
): Promise<Dataset | null> {
  refuseSeveral(place, gzipped);
  const { folder, shards } = await gunzipShards(place, gzipped, cache, sources);
  const lists = { mayBeUnlabelled: true, classListsIn: [place, ...gzipped.map(dirname)] };
  const dataset = await readWebDataset(folder, shards, sources, lists);
  return dataset && { ...dataset, layout: `${dataset.layout}, gzipped` };
}
