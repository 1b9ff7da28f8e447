/**
 * Gives every clip of a dataset its split: the stated one, else one drawn by recording. The same
 * audio in two splits is reported before anything else.
 */
import { counted } from '../../ced/counted';
import { csvField } from '../../ced/csv-field';
import { splitClips, type SplitName } from '../../ced/corpus/split-clips';
import { SPLITS } from '../../workflows/contract/models';
import type { DatasetClip } from './datasets/dataset';
import { devOf } from './datasets/split-names';
import { listed } from './listed';
import { recordingsOf } from './recordings';

/** Drawn for clips of datasets that state no splits. */
const SHARES = { validation: 0.1, eval: 0.15 };
/** A class with fewer clips can hardly be learned and scored. */
const FEWEST_CLIPS = 3;

type SplitClip = DatasetClip & { split: SplitName };
type StatedClip = DatasetClip & { split: SplitName | null };
type ContentOf = ReadonlyMap<string, string>;

export interface SplitDataset {
  clips: SplitClip[];
  notes: string[];
}

/** @param content the same text for clips of the same audio */
export function assignSplits(
  found: readonly DatasetClip[],
  content: ContentOf,
  seed: number,
): SplitDataset {
  const notes: string[] = [];
  const clips = withoutDev(found, notes);
  const stated = new Set(clips.flatMap(({ split }) => split ?? []));
  const split = stated.has('train')
    ? statedSplits(clips, content, { stated, seed }, notes)
    : drawnSplits(clips, content, seed, notes);
  const kept = withoutOverlap(split, content, notes);
  return { clips: kept, notes: [...notes, ...thinClasses(kept), ...lackingSplits(kept)] };
}

/** Clips of `dev` get the split that it means beside the others. */
function withoutDev(clips: readonly DatasetClip[], notes: string[]): StatedClip[] {
  const stated = new Set(clips.map(({ split }) => split));
  const dev = devOf(stated);
  if (stated.has('dev'))
    notes.push(
      dev === 'train'
        ? 'dev is taken for train: the dataset has no other'
        : 'dev is taken for validation: the dataset has a train beside it',
    );
  return clips.map((clip) => ({ ...clip, split: clip.split === 'dev' ? dev : clip.split }));
}

function drawnSplits(
  clips: readonly StatedClip[],
  content: ContentOf,
  seed: number,
  notes: string[],
): SplitClip[] {
  const recordings = recordingsOf(clips, content, notes);
  const splits = splitClips(
    clips.map(({ labels }, index) => ({ labels, group: recordings[index]! })),
    SHARES,
    seed,
  );
  const count = counted(new Set(recordings).size, 'recording was', 'recordings were');
  notes.push(
    `the dataset states no splits: ${count} drawn with seed ` +
      `${seed}, clips of one recording together (told by name and content), classes in ` +
      'proportion',
  );
  notes.unshift(...repeated(clips, content));
  return clips.map((clip, index) => ({ ...clip, split: splits[index]! }));
}

/** Clips whose audio an earlier clip has: one split holds them all. */
function repeated(clips: readonly DatasetClip[], content: ContentOf): string[] {
  const firsts = new Map<string, string>();
  const examples: string[] = [];
  for (const clip of clips) {
    const audio = content.get(clip.clip);
    if (audio === undefined) continue;
    const first = firsts.get(audio);
    if (first === undefined) firsts.set(audio, clip.clip);
    else examples.push(`${clip.clip} = ${first}`);
  }
  return examples.length === 0
    ? []
    : [
        counted(examples.length, 'clip holds', 'clips hold') +
          ' the same audio as another; clips of the same audio stay ' +
          `in one split: ${listed(examples)}`,
      ];
}

/** A split that the dataset lacks is drawn from its training clips. */
function statedSplits(
  clips: readonly StatedClip[],
  content: ContentOf,
  { stated, seed }: { stated: ReadonlySet<SplitName>; seed: number },
  notes: string[],
): SplitClip[] {
  const all = clips.map((clip) => ({ ...clip, split: clip.split ?? ('train' as const) }));
  const shares = {
    validation: stated.has('validation') ? 0 : SHARES.validation,
    eval: stated.has('eval') ? 0 : SHARES.eval,
  };
  const lacking = (['validation', 'eval'] as const).filter((split) => shares[split] > 0);
  notes.push(
    lacking.length === 0
      ? 'splits are those of the dataset'
      : `splits are those of the dataset; it states no ${lacking.join(' and ')}, drawn from ` +
          `train with seed ${seed}`,
  );
  if (lacking.length === 0) return all;
  const train = clips.filter(({ split }) => (split ?? 'train') === 'train');
  const recordings = recordingsOf(train, content, notes);
  const drawn = splitClips(
    train.map(({ labels }, index) => ({ labels, group: recordings[index]! })),
    shares,
    seed,
  );
  const splitOf = new Map(train.map(({ clip }, index) => [clip, drawn[index]!]));
  return all.map((clip) => ({ ...clip, split: splitOf.get(clip.clip) ?? clip.split }));
}

/** Training clips whose audio is held out too are left out: a run would be refused for them. */
function withoutOverlap(clips: SplitClip[], content: ContentOf, notes: string[]): SplitClip[] {
  const heldOut = new Map<string, string>();
  for (const { clip, split } of clips) {
    const audio = content.get(clip);
    if (split !== 'train' && audio !== undefined) heldOut.set(audio, clip);
  }
  const same = ({ clip, split }: SplitClip): string | undefined =>
    split === 'train' ? heldOut.get(content.get(clip) ?? '') : undefined;
  const overlapping = clips.filter((clip) => same(clip) !== undefined);
  const [first] = overlapping;
  if (!first) return clips;
  notes.unshift(
    counted(
      overlapping.length,
      'training clip holds the same audio as a clip of validation or eval and is',
      'training clips hold the same audio as clips of validation or eval and are',
    ) +
      ' ' +
      `left out, for example ${first.clip} = ${same(first)}`,
  );
  return clips.filter((clip) => same(clip) === undefined);
}

/** What a run cannot do for want of clips. */
function lackingSplits(clips: readonly SplitClip[]): string[] {
  const isEmpty = (split: SplitName): boolean => clips.every((clip) => clip.split !== split);
  const empty = SPLITS.filter(isEmpty);
  const classes = new Set(clips.flatMap(({ labels }) => labels ?? []));
  return [
    ...(empty.length === 0
      ? []
      : [
          `no clips are left for ${empty.join(' and ')}: nothing can be ` +
            `${empty.includes('train') ? 'trained' : 'scored'} there; add recordings`,
        ]),
    ...(classes.size === 1
      ? ['there is a single class, which every clip has: add clips of other sounds to tell it from']
      : []),
  ];
}

/** Classes that cannot be learned, or cannot be scored. */
function thinClasses(clips: readonly SplitClip[]): string[] {
  const clipsOf = new Map<string, SplitClip[]>();
  for (const clip of clips)
    for (const label of clip.labels ?? []) {
      const own = clipsOf.get(label) ?? [];
      own.push(clip);
      clipsOf.set(label, own);
    }
  const classes = [...clipsOf];
  const thin = classes.filter(([, own]) => own.length < FEWEST_CLIPS);
  const lacking = (split: SplitName): string[] =>
    classes
      .filter((each) => !thin.includes(each) && each[1].every((clip) => clip.split !== split))
      .map(([name]) => name);
  const [untrained, unscored] = [lacking('train'), lacking('eval')];
  return [
    ...(thin.length === 0
      ? []
      : [
          counted(thin.length, 'class has', 'classes have') +
            ' one or two clips, too few to learn and to score: ' +
            listed(thin.map(([name]) => csvField(name))),
        ]),
    ...(untrained.length === 0
      ? []
      : [
          counted(untrained.length, 'class has', 'classes have') +
            ` no clip in train: ${listed(untrained.map(csvField))}`,
        ]),
    ...(unscored.length === 0
      ? []
      : [
          counted(unscored.length, 'class has', 'classes have') +
            ` no clip in eval, so no score: ${listed(unscored.map(csvField))}`,
        ]),
  ];
}
