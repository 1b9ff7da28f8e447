/**
 * Gives every clip of a dataset its split: the stated one, else one drawn by recording. Equal audio
 * files in two splits are found before anything else.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { splitClips, type SplitName } from '../../ced/corpus/split-clips';
import { mapOrdered } from '../../storage/map-ordered';
import type { Dataset, DatasetClip } from './datasets/dataset';

const FILES_AT_ONCE = 16;
/** Drawn for clips of datasets that state no splits. */
const SHARES = { validation: 0.1, eval: 0.15 };

export interface SplitDataset {
  clips: (DatasetClip & { split: SplitName })[];
  notes: string[];
}

export async function assignSplits(dataset: Dataset, seed: number): Promise<SplitDataset> {
  const contents = await equalFiles(dataset.clips);
  const stated = new Set(dataset.clips.flatMap(({ split }) => split ?? []));
  const notes: string[] = [];
  const clips = stated.has('train')
    ? statedSplits(dataset.clips, stated, seed, notes)
    : drawnSplits(dataset.clips, contents, seed, notes);
  const kept = withoutOverlap(clips, contents, notes);
  return { clips: kept, notes: [...notes, ...thinClasses(kept)] };
}

function drawnSplits(
  clips: readonly DatasetClip[],
  contents: ReadonlyMap<string, string>,
  seed: number,
  notes: string[],
): SplitDataset['clips'] {
  const groups = joinedGroups(clips, contents);
  const grouped = clips.map((clip, index) => ({ labels: clip.labels, group: groups[index]! }));
  const splits = splitClips(grouped, SHARES, seed);
  notes.push(
    `the dataset states no splits: ${new Set(groups).size} recordings were drawn with seed ` +
      `${seed}, clips of one recording together (told by name and content), classes in ` +
      'proportion',
  );
  return clips.map((clip, index) => ({ ...clip, split: splits[index]! }));
}

/** Names of the clips' groups, where groups that share an equal file are one. */
function joinedGroups(
  clips: readonly DatasetClip[],
  contents: ReadonlyMap<string, string>,
): string[] {
  const parents = new Map<string, string>();
  const root = (group: string): string => {
    let at = group;
    for (let up = parents.get(at); up !== undefined; up = parents.get(at)) at = up;
    return at;
  };
  const holders = new Map<string, string>();
  for (const { audio, group } of clips) {
    const content = contents.get(audio);
    if (content === undefined) continue;
    const [one, other] = [root(group), root(holders.get(content) ?? group)];
    if (one !== other) parents.set(one, other);
    holders.set(content, other);
  }
  return clips.map(({ group }) => root(group));
}

/** A split that the dataset lacks is drawn from its training clips. */
function statedSplits(
  clips: readonly DatasetClip[],
  stated: ReadonlySet<SplitName>,
  seed: number,
  notes: string[],
): SplitDataset['clips'] {
  const all = clips.map((clip) => ({ ...clip, split: clip.split ?? ('train' as const) }));
  const shares = {
    validation: stated.has('validation') ? 0 : SHARES.validation,
    eval: stated.has('eval') ? 0 : SHARES.eval,
  };
  const lacking = (['validation', 'eval'] as const).filter((split) => shares[split] > 0);
  if (lacking.length === 0) return all;
  notes.push(`the dataset states no ${lacking.join(' and ')}: drawn from train with seed ${seed}`);
  const train = all.filter(({ split }) => split === 'train');
  const drawn = splitClips(train, shares, seed);
  const splitOf = new Map(train.map((clip, index) => [clip, drawn[index]!]));
  return all.map((clip) => ({ ...clip, split: splitOf.get(clip) ?? clip.split }));
}

/** Training clips whose audio is held out too are left out: a run would be refused for them. */
function withoutOverlap(
  clips: SplitDataset['clips'],
  contents: ReadonlyMap<string, string>,
  notes: string[],
): SplitDataset['clips'] {
  const key = ({ audio, segment }: DatasetClip): string =>
    `${contents.get(audio) ?? audio} ${segment?.start ?? ''} ${segment?.end ?? ''}`;
  const heldOut = new Map<string, string>();
  for (const clip of clips) if (clip.split !== 'train') heldOut.set(key(clip), clip.clip);
  const overlapping = clips.filter((clip) => clip.split === 'train' && heldOut.has(key(clip)));
  const [first] = overlapping;
  if (!first) return clips;
  notes.unshift(
    `${overlapping.length} training clips hold the same audio as clips of validation or eval and ` +
      `are left out, for example ${first.clip} = ${heldOut.get(key(first))}`,
  );
  return clips.filter((clip) => !overlapping.includes(clip));
}

function thinClasses(clips: SplitDataset['clips']): string[] {
  const counts = new Map<string, number>();
  for (const { labels } of clips)
    for (const label of labels ?? []) counts.set(label, (counts.get(label) ?? 0) + 1);
  const thin = [...counts].filter(([, count]) => count < 3).map(([name]) => name);
  return thin.length === 0
    ? []
    : [
        `${thin.length} classes have one or two clips, too few to learn and to score: ` +
          `${thin.slice(0, 5).join(', ')}${thin.length > 5 ? ' …' : ''}`,
      ];
}

/** SHA-256 of the files that have the size of another, by path: others cannot be equal. */
async function equalFiles(clips: readonly DatasetClip[]): Promise<Map<string, string>> {
  const paths = [...new Set(clips.map(({ audio }) => audio))];
  const bySize = new Map<number, string[]>();
  for await (const { path, size } of mapOrdered(paths, FILES_AT_ONCE, async (path) => ({
    path,
    size: await stat(path).then(
      (found) => found.size,
      () => -1,
    ),
  })))
    bySize.set(size, [...(bySize.get(size) ?? []), path]);
  const candidates = [...bySize.values()].filter((same) => same.length > 1).flat();
  const hashes = new Map<string, string>();
  for await (const [path, hash] of mapOrdered(candidates, FILES_AT_ONCE, async (path) => {
    return [path, await fileSha256(path)] as const;
  }))
    hashes.set(path, hash);
  const counts = new Map<string, number>();
  for (const hash of hashes.values()) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  return new Map([...hashes].filter(([, hash]) => (counts.get(hash) ?? 0) > 1));
}

async function fileSha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path)) hash.update(part as Buffer);
  return hash.digest('hex');
}
