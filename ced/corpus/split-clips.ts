/**
 * Splits clips into train, validation and eval: whole groups together, each class spread over the
 * splits in proportion, the same draw for the same seed.
 */
import { philox, streamKey, uniform } from '../augment/random';

export interface SplittableClip {
  /** Clips of a group stay together. */
  group: string;
  labels: readonly string[] | null;
}

export type SplitName = 'train' | 'validation' | 'eval';

export interface SplitShares {
  validation: number;
  eval: number;
}

interface Group {
  name: string;
  members: number[];
  labels: Map<string, number>;
  draw: number;
}

/**
 * Greedy by rarity: groups of the rarest class first, each to the split that lacks it most
 * (iterative stratification, Sechidis et al. 2011).
 * @returns the split of each clip
 */
export function splitClips(
  clips: readonly SplittableClip[],
  shares: SplitShares,
  seed: number,
): SplitName[] {
  const groups = groupsOf(clips, seed);
  const clipsOf = countLabels(groups);
  const wanted = new Map<SplitName, Map<string, number>>();
  for (const split of ['train', 'validation', 'eval'] as const)
    wanted.set(
      split,
      new Map([...clipsOf].map(([label, count]) => [label, portion(split, count, shares)])),
    );
  const result = new Array<SplitName>(clips.length).fill('train');
  const rarest = (group: Group): number =>
    [...group.labels.keys()].reduce(
      (least, label) => Math.min(least, clipsOf.get(label) ?? 0),
      Infinity,
    );
  for (const group of groups.sort((a, b) => rarest(a) - rarest(b) || a.draw - b.draw)) {
    const split = neediest(group, wanted);
    for (const member of group.members) result[member] = split;
    const left = wanted.get(split)!;
    for (const [label, count] of group.labels) left.set(label, (left.get(label) ?? 0) - count);
  }
  return result;
}

/** A class with a single clip has a score that says nothing. */
const FEWEST_HELD_OUT = 2;
/** With fewer clips than this a class is split by the shares alone, so that train keeps most. */
const ENOUGH = 4 * FEWEST_HELD_OUT;

/** How many of a label's clips a split should get. */
function portion(split: SplitName, count: number, shares: SplitShares): number {
  const heldOut = (share: number): number =>
    share > 0 && count >= ENOUGH ? Math.max(FEWEST_HELD_OUT, count * share) : count * share;
  return split === 'train'
    ? count - heldOut(shares.validation) - heldOut(shares.eval)
    : heldOut(shares[split]);
}

/** Every clip counts under a label of its own too, so that unlabelled clips are spread as well. */
const EVERY_CLIP = '\0 every clip';

function groupsOf(clips: readonly SplittableClip[], seed: number): Group[] {
  const groups = new Map<string, Group>();
  clips.forEach(({ group: name, labels }, index) => {
    const group: Group = groups.get(name) ?? { name, members: [], labels: new Map(), draw: 0 };
    groups.set(name, group);
    group.members.push(index);
    for (const label of [EVERY_CLIP, ...(labels ?? [])])
      group.labels.set(label, (group.labels.get(label) ?? 0) + 1);
  });
  // Drawn by name, so that a clip that is added moves no other group's draw.
  for (const group of groups.values())
    group.draw = uniform(philox(streamKey('split', group.name, seed), [0, 0, 0, 0])[0]);
  return [...groups.values()];
}

function countLabels(groups: readonly Group[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { labels } of groups)
    for (const [label, count] of labels) counts.set(label, (counts.get(label) ?? 0) + count);
  return counts;
}

/**
 * The split that lacks the group's labels most, relative to what it should get; train wins ties.
 */
function neediest(
  { labels }: Group,
  wanted: ReadonlyMap<SplitName, ReadonlyMap<string, number>>,
): SplitName {
  let best: SplitName = 'train';
  let most = -Infinity;
  for (const [split, left] of wanted) {
    const own = [...labels.keys()].filter((label) => label !== EVERY_CLIP);
    const need = (own.length === 0 ? [EVERY_CLIP] : own).map((label) => left.get(label) ?? 0);
    const sum = need.reduce((total, value) => total + value, 0);
    if (sum > most + 1e-9) [best, most] = [split, sum];
  }
  return best;
}
